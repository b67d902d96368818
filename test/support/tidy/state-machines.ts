/** Every state machine is drawn where it is written, and tested for every pair of state and event. */
import { posix } from 'node:path';
import type { ProjectFiles } from '../project-files.js';
import { isProductCode, select } from './tidy-check.js';

const ARROW_OR_BOX = /->|[\u2500-\u257f\u2190-\u2193]/;

function commentsOf(text: string): string[] {
  return [...text.matchAll(/\/\*[^]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm)].map((comment) => comment[0]);
}

/** A drawing is a comment with arrows on several lines or with boxes; one arrow in a sentence is none. */
function hasDrawing(text: string): boolean {
  return commentsOf(text).some(
    (comment) => comment.split('\n').filter((line) => ARROW_OR_BOX.test(line)).length >= 2,
  );
}

function hasMatrixTest(files: ProjectFiles, path: string): boolean {
  const name = posix.basename(path, '.ts');
  const tests = select(files, (other) => /^test\/.*\.test\.ts$/.test(other));
  return tests.some(
    ([other, text]) =>
      posix.basename(other).startsWith(name) && text.includes(`/${name}.js'`) && /matrix/i.test(text),
  );
}

export function findStateMachineProblems(files: ProjectFiles): string[] {
  return select(files, (path) => isProductCode(path) && path.endsWith('-state.ts')).flatMap(
    ([path, text]) => {
      const name = posix.basename(path, '.ts');
      return [
        ...(hasDrawing(text) ? [] : [`${path} has no drawing of its states in a comment`]),
        ...(hasMatrixTest(files, path)
          ? []
          : [`${path} has no matrix test: a ${name}*.test.ts that imports it and names its matrix`]),
      ];
    },
  );
}
