/** No extension listens. Each is named, so that the build sees that it is never there. */
const options = { vnode: undefined, event: undefined };
export default options;
