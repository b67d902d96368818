/** docs/errors.md has one row for each operating error, and no other. */
import ts from 'typescript';
import type { ProjectFiles } from '../project-files.js';
import { isProductCode, select } from './tidy-check.js';

const DOCUMENT = 'docs/errors.md';

function isCatalogue(node: ts.Node): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'defineErrors'
  );
}

function keysOf(call: ts.CallExpression): string[] {
  const [catalogue] = call.arguments;
  if (catalogue === undefined || !ts.isObjectLiteralExpression(catalogue)) return [];
  return catalogue.properties.flatMap((property) =>
    property.name !== undefined && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name))
      ? [property.name.text]
      : [],
  );
}

function codesIn([path, text]: [string, string]): string[] {
  if (!text.includes('defineErrors(')) return [];
  const codes: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isCatalogue(node)) codes.push(...keysOf(node));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return codes;
}

function twice(codes: readonly string[], where: string): string[] {
  const repeated = new Set(codes.filter((code, index) => codes.indexOf(code) !== index));
  return [...repeated].map((code) => `${code} appears more than once ${where}`);
}

export function findErrorCodeProblems(files: ProjectFiles): string[] {
  const defined = select(files, isProductCode).flatMap(codesIn);
  const rows = [...(files.get(DOCUMENT) ?? '').matchAll(/^\| `([^`]+)`\s*\|/gm)].map((row) => row[1] ?? '');
  return [
    ...twice(defined, 'in the catalogues'),
    ...twice(rows, `in ${DOCUMENT}`),
    ...defined.filter((code) => !rows.includes(code)).map((code) => `${code} has no row in ${DOCUMENT}`),
    ...rows
      .filter((code) => !defined.includes(code))
      .map((code) => `${DOCUMENT} has ${code}, which nothing defines`),
  ];
}
