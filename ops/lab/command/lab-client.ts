/** Finds the box that a command is for, and hands the command to the process that started it. */
import { existsSync } from 'node:fs';
import type { Clock } from '../../../cluster/base/clock.js';
import { callRpc } from '../../../cluster/base/local-rpc.js';
import { opsErrors } from '../../errors.js';
import { isAlive, readOwner } from '../box-owner.js';
import type { BoxStatus } from '../box-status.js';
import { findTraces } from '../leftovers.js';
import { commandSocketOf, stateFolderOf } from '../state-folder.js';
import { renderStatus } from '../status-table.js';
import type { LabRequest } from './lab-arguments.js';
import type { CommandAnswer } from './lab-methods.js';
import { badArgument } from './parse-words.js';

export interface KnownBox {
  readonly id: string;
  /** It takes commands. */
  readonly isReady: boolean;
}

/**
 * Pure.
 * @param boxes those whose owner lives
 * @throws LAB_BAD_ARGUMENT, LAB_NO_BOX, LAB_NOT_READY
 */
export function chooseBox(asked: string | undefined, boxes: readonly KnownBox[]): string {
  const ids = boxes.map(({ id }) => id);
  if (asked !== undefined) {
    const box = boxes.find(({ id }) => id === asked);
    if (box?.isReady === true) return asked;
    if (box !== undefined) throw opsErrors.LAB_NOT_READY({ box: asked });
    const fix = ids.length === 0 ? 'None is running.' : `Name one that is running: ${ids.join(', ')}.`;
    throw badArgument('--box', `there is no box "${asked}"`, fix);
  }
  const ready = boxes.filter(({ isReady }) => isReady);
  const [first, second] = ready.length === 0 ? boxes : ready;
  if (first === undefined) throw opsErrors.LAB_NO_BOX();
  if (second !== undefined)
    throw badArgument('--box', `several boxes are running: ${ids.join(', ')}`, 'Say which one you mean.');
  if (!first.isReady) throw opsErrors.LAB_NOT_READY({ box: first.id });
  return first.id;
}

async function findBoxes(clock: Clock): Promise<readonly KnownBox[]> {
  const traces = await findTraces(clock);
  return traces
    .filter(({ owner }) => owner === 'alive')
    .map(({ id }) => ({ id, isReady: existsSync(commandSocketOf(id)) }));
}

/** Until its owner is gone, or has given it up. */
async function waitUntilGone(box: string, deadlineMs: number, clock: Clock): Promise<boolean> {
  const endMs = clock.monotonicMs() + deadlineMs;
  while (clock.monotonicMs() < endMs) {
    const owner = await readOwner(stateFolderOf(box));
    if (owner === undefined || !(await isAlive(owner))) return true;
    await clock.sleep(50);
  }
  return false;
}

function renderAnswer({ sentence, undo }: CommandAnswer, box: string | undefined): string {
  const named = box === undefined ? '' : ` --box ${box}`;
  return undo === undefined ? sentence : `${sentence}\nundo: npm run lab -- ${undo}${named}`;
}

/** @returns what the person who asked is shown. @throws operating errors with a sentence for that person */
export async function runLabCommand(request: LabRequest, clock: Clock): Promise<string> {
  const { command: method, params, deadlineMs, isJson } = request;
  const box = chooseBox(request.box, await findBoxes(clock));
  const answer = await callRpc({ path: commandSocketOf(box), method, params, deadlineMs, clock });
  if (method === 'status') {
    const status = answer as BoxStatus;
    return isJson ? JSON.stringify(status, null, 2) : renderStatus(status);
  }
  if (method === 'stop' && (await waitUntilGone(box, deadlineMs, clock))) return `box "${box}" is taken down`;
  return renderAnswer(answer as CommandAnswer, request.box);
}
