import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../../../cluster/base/clock.js';
import {
  openNotifyReceiver,
  parseNotifyMessage,
  SocatDumpParser,
  type NotifyMessage,
} from '../../../../ops/lab/machine/notify-receiver.js';
import { assert, spec } from '../../../support/spec.js';
import { waitFor } from '../../../support/wait.js';

const DUMP = [
  '> 2026/11/23 20:34:58.000456224  length=8 from=0 to=7\n 52 45 41 44 59 3d 31 0a',
  '\n> 2026/11/23 20:34:58.000456352  length=9 from=8 to=16\n 42 41 52 52 49 45 52 3d 31',
].join('');

function datagramsOf(pieces: readonly string[]): string[] {
  const seen: string[] = [];
  const parser = new SocatDumpParser((text) => seen.push(text));
  for (const piece of pieces) parser.feed(piece);
  return seen;
}

spec('notify receiver', (it) => {
  it('datagrams keep their boundaries wherever the dump is cut', () => {
    for (let at = 0; at <= DUMP.length; at += 1) {
      assert.equal(datagramsOf([DUMP.slice(0, at), DUMP.slice(at)]), ['READY=1\n', 'BARRIER=1']);
    }
  });

  it('a message is read by key, and a line without "=" is passed over', () => {
    assert.equal(parseNotifyMessage('READY=1\nrubbish\nSTATUS=a=b\n'), { READY: '1', STATUS: 'a=b' });
  });

  it('what systemd-notify says arrives', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wardline-notify-'));
    t.defer(() => rm(folder, { recursive: true }));
    const seen: NotifyMessage[] = [];
    const receiver = await openNotifyReceiver(
      join(folder, 'n.sock'),
      (message) => seen.push(message),
      new RealClock(),
    );
    t.defer(() => {
      receiver.close();
    });
    const env = { ...process.env, NOTIFY_SOCKET: receiver.socketPath };
    const sender = spawn('systemd-notify', ['--no-block', '--ready', '--status=就绪'], {
      env,
      stdio: 'ignore',
    });
    t.defer(() => {
      sender.kill();
    });
    await waitFor('READY=1 has arrived', () => seen.some((message) => message['READY'] === '1'));
    assert.is(seen[0]?.['STATUS'], '就绪');
  });
});
