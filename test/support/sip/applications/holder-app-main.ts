/**
 * Answers every INVITE and holds the call; with `--adopt` it first takes the calls of the application that it follows.
 * On standard input: `{"id":1,"do":"adopt"}`, and `{"id":2,"do":"each","what":"modify"|"destroy"|"options"}` for all
 * calls, ten at a time. With `{"ring":true}` in `--options` it only rings, and with `{"silent":true}` not even that.
 */
import { createInterface } from 'node:readline';
import { sdp } from '../sip-text.js';
import { adoptDialogs, storePayload } from './adopt-dialogs.js';
import { connectSrf, errorFields, parseApplicationArguments, report } from './application-arguments.js';
import { onMethod, type SrfDialog, type SrfRequest, type SrfResponse } from './srf-objects.js';

interface Command {
  readonly id: number;
  readonly do: 'adopt' | 'each';
  readonly what: keyof typeof WORK;
}

const AT_ONCE = 10;
const args = parseApplicationArguments();
const srf = connectSrf(args);
const calls = new Set<SrfDialog>();

function hold(dialog: SrfDialog): void {
  // A BYE that came in one segment with our answer's echo has been dealt with before anybody could listen.
  if (!dialog.connected) return;
  calls.add(dialog);
  dialog.on('destroy', () => calls.delete(dialog));
}

async function answer(request: SrfRequest, response: SrfResponse): Promise<void> {
  try {
    const dialog = await srf.createUAS(request, response, { localSdp: sdp(52_000) });
    hold(dialog);
    await storePayload(srf, dialog.id, 'held');
    report('answered');
  } catch (error) {
    report('failed', errorFields(error));
  }
}

onMethod(srf, 'invite', (request, response) => {
  report('invite', { text: request.raw });
  if (args.options['ring'] === true) response.send(180, undefined, {}, () => report('rings'));
  else if (args.options['silent'] !== true) void answer(request, response);
});

async function adopt(): Promise<object> {
  const adopted = await adoptDialogs(srf, args.tags[0] ?? '');
  for (const dialog of adopted) hold(dialog);
  return { adopted: adopted.length };
}

const WORK = {
  modify: async (dialog: SrfDialog) => {
    await dialog.modify(sdp(53_000, 'sendrecv', 2));
  },
  destroy: async (dialog: SrfDialog) => {
    await dialog.destroy();
    calls.delete(dialog);
  },
  options: async (dialog: SrfDialog) => {
    const { status } = await dialog.request({ method: 'OPTIONS' });
    if (status !== 200) throw new Error(`OPTIONS was answered ${String(status)}`);
  },
};

/** Paced: a burst to one receiver would be lost in its socket's buffer. */
async function each(what: Command['what']): Promise<object> {
  const all = [...calls];
  const failures: string[] = [];
  for (let first = 0; first < all.length; first += AT_ONCE) {
    const work = all.slice(first, first + AT_ONCE).map((dialog) => WORK[what](dialog));
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'rejected') failures.push(String(result.reason));
    }
  }
  return { done: all.length - failures.length, failures: failures.slice(0, 5) };
}

async function obey(line: string): Promise<void> {
  const command = JSON.parse(line) as Command;
  try {
    const result = command.do === 'adopt' ? await adopt() : await each(command.what);
    report('done', { id: command.id, result });
  } catch (error) {
    report('failed', { id: command.id, ...errorFields(error) });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
if (args.adopt) {
  srf.once('connect', () => {
    adopt().then(
      (result) => report('adopted', result),
      (error: unknown) => report('failed', errorFields(error)),
    );
  });
}
