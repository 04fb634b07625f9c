/** No extension listens. Each is named, so that the build sees that it is never there. */
const options = {
  vnode: undefined,
  event: undefined,
  diffed: undefined,
  unmount: undefined,
  _root: undefined,
  _diff: undefined,
  _render: undefined,
  _commit: undefined,
  _hydrationMismatch: undefined,
  _catchError: (error) => {
    throw error;
  },
};
export default options;
