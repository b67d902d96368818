/** A thrown value as a person wants to read it. */
import { inspect } from 'node:util';

function inspected(value: unknown): string {
  try {
    return inspect(value, { depth: 6 });
  } catch (error) {
    return `a value that cannot be shown (${String(error)})`;
  }
}

/** Frames of Node and of the wrapper say nothing about the test. */
function withoutForeignFrames(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*(node:internal|node_modules\/uvu|test\/support\/(spec|assert))/.test(line))
    .join('\n');
}

/** The difference that uvu/assert attaches, without its colours when nobody sees them. */
function detailsOf(error: Error): string {
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  return details === '' ? '' : `\n${details}`;
}

export function failureText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `a value that is not an Error was thrown: ${inspected(thrown)}`;
  if (!('code' in thrown) || thrown.code !== 'ERR_ASSERTION') return withoutForeignFrames(inspected(thrown));
  return withoutForeignFrames(`${thrown.message}${detailsOf(thrown)}${framesOf(thrown)}`);
}

function framesOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames.length === 0 ? '' : `\n${frames.join('\n')}`;
}
