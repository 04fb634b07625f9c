import { Fragment } from "../node_modules/preact/src/create-element.js";

/** What a fragment needs. The widget has no component of its own: it draws from the top after every change. */
export function BaseComponent(props) {
  this.props = props;
}
BaseComponent.prototype.render = Fragment;

/** The first element of what follows a node among its siblings. */
export function getDomSibling(vnode, index) {
  if (index == null) return vnode._parent && getDomSibling(vnode._parent, vnode._index + 1);
  const sibling = vnode._children.slice(index).find((child) => child?._dom);
  return sibling ? sibling._dom : typeof vnode.type == "function" ? getDomSibling(vnode) : null;
}
