/**
 * Every style sheet that a library makes at run time gets the nonce of the page. antd takes it by its configuration, its
 * measuring of scroll bars does not (@rc-component/util, getScrollBarSize), and one blocked sheet is one error in the
 * console of everybody. Scripts get none.
 */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// The deprecation is of names with capitals.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const createElement = document.createElement.bind(document);

// eslint-disable-next-line @typescript-eslint/no-deprecated
document.createElement = (name: string, options?: ElementCreationOptions): HTMLElement => {
  const made = createElement(name, options);
  if (made instanceof HTMLStyleElement) made.nonce = nonce;
  return made;
};
