/**
 * `text.charCodeAt(index)`, seven times faster here (measured: 690 ns to 100 ns for thirty characters).
 *
 * V8 keeps strings in many kinds (read from bytes, cut, joined, interned ...). Where a method of more than four kinds
 * has been called, it is looked up anew each time, so once for every character of every message. A function that was
 * bound beforehand is not looked up.
 */
// eslint-disable-next-line @typescript-eslint/unbound-method -- bound in the same expression
export const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (
  text: string,
  index: number,
) => number;
