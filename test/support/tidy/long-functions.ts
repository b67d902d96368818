/** The ratchet on long functions: none beyond the limit except those listed with a reason, which can only go. */
import ts from 'typescript';
import type { ProjectFiles } from '../project-files.js';
import { placeOf, select } from './tidy-check.js';

export const FUNCTION_LINES_MAX = 70;

interface LongFunction {
  /** `path#name` */
  readonly key: string;
  readonly place: string;
  readonly lines: number;
}

/** A spec is a list of tests; its length says nothing. */
function isSpecDefinition(node: ts.Node): boolean {
  const call = node.parent;
  return (
    ts.isCallExpression(call) &&
    ts.isIdentifier(call.expression) &&
    /^(spec|describe)/.test(call.expression.text)
  );
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const holder = node.parent;
  const isNamed =
    ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder);
  return isNamed ? holder.name.getText() : '(anonymous)';
}

/** Lines with code: neither empty nor only comment. */
function codeLines(text: string): number {
  const withoutBlocks = text.replaceAll(/\/\*[^]*?\*\//g, '');
  return withoutBlocks.split('\n').filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

function longFunctionsIn([path, text]: [string, string]): LongFunction[] {
  const found: LongFunction[] = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    const isFunction = ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
    if (isFunction && !isSpecDefinition(node)) {
      const lines = codeLines(node.getText());
      const place = placeOf(path, text, node.getStart());
      if (lines > FUNCTION_LINES_MAX) found.push({ key: `${path}#${nameOf(node)}`, place, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function allLongFunctions(files: ProjectFiles): LongFunction[] {
  return select(files, (path) => /\.m?ts$|\.mjs$/.test(path)).flatMap(longFunctionsIn);
}

/** `path#function` -> why it may be long. */
export type AcceptedFunctions = Readonly<Record<string, string>>;

export function findLongFunctions(files: ProjectFiles, accepted: AcceptedFunctions): string[] {
  return allLongFunctions(files)
    .filter((one) => accepted[one.key] === undefined)
    .map(({ key, place, lines }) => `${key} (${place}) has ${String(lines)} lines: split it`);
}

/** The ratchet: who has become short may not become long again. */
export function findStaleAcceptances(files: ProjectFiles, accepted: AcceptedFunctions): string[] {
  const long = new Set(allLongFunctions(files).map((one) => one.key));
  return Object.keys(accepted)
    .filter((key) => !long.has(key))
    .map((key) => `${key} is not long any more: take it from the list`);
}
