/**
 * A telephone number as people write it: digits of any script, grouped by any signs, with an extension behind if need be.
 * The server judges by the same rule (parse.py).
 */
const PHONE = /^[^\p{L}\p{Nd}]{0,9}\p{Nd}([^\p{L}\p{Nd}]{0,9}\p{Nd}){6,14}(\P{Nd}{1,14}\p{Nd}{1,6})?\P{Nd}{0,2}$/u;

/** The first field that holds neither an e-mail address nor a telephone number; one of the two is enough. */
export const unusable = (fields: HTMLInputElement[]): HTMLInputElement | undefined => {
  const given = fields.filter(({ name, value }) => name !== "name" && value.trim());
  return given[0]
    ? given.find(({ name, value, validity }) => !(name === "tel" ? PHONE.test(value) : validity.valid && /@.+\../.test(value)))
    : fields[0];
};
