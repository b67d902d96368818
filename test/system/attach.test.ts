/** A softphone that knows nothing of this project, on a LAN outside of the box: what the README says of a phone of your own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { encodeMuLaw, findTone, SAMPLES, STEP_HZ } from '../../cluster/base/tone.js';
import { examplePassword, examplePin } from '../../firmware-config/defaults/example-telephony.js';
import { run } from '../../ops/lab/shell.js';
import { UaFarm } from '../../ops/lab/ua/ua-farm.js';
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import { WAV_RATE, writeWav } from '../../ops/prompts/wav.js';
import { projectRoot } from '../support/project-files.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { makeFolder } from '../support/store/make-folder.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const LAB = join(projectRoot, 'dist/ops/lab/lab-main.js');
const number = (): string => String(systemRng().integer(0, 99_999));
const [box, lan] = [`tl${number()}`, `t${number()}`];
const REGISTRAR = '10.77.0.11';
/** Of the phone that is tested, and of the one that it talks to. */
const [OURS_HZ, THEIRS_HZ] = [1000, 1800];
const [OURS, THEIRS] = ['10.77.0.130', '10.77.0.131'];
const WAV_HEAD_BYTES = 44;
/** Where a WAV file says its samples a second. */
const RATE_AT = 24;

/** A program that is read and ended with the test. */
class Program {
  readonly child: ChildProcess;
  output = '';

  constructor(t: TestContext, command: string, words: readonly string[], signal: NodeJS.Signals) {
    this.child = spawn(command, words, { detached: true });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    t.defer(async () => {
      this.child.kill(signal);
      if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    });
  }

  async shows(pattern: RegExp, deadlineMs = 10_000): Promise<void> {
    await waitFor(
      `the output has ${String(pattern)}`,
      () => pattern.test(this.output) || notYet(this.output.slice(-800)),
      { deadlineMs },
    );
  }
}

async function openOffice(t: TestContext): Promise<void> {
  const ip = (...words: string[]): Promise<string> => run(['ip', ...words], { clock });
  t.defer(() => ip('netns', 'delete', lan));
  await ip('netns', 'add', lan);
  await ip('link', 'add', lan, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lan);
  await ip('link', 'set', lan, 'up');
  for (const device of ['eth0', 'lo']) await ip('-n', lan, 'link', 'set', device, 'up');
  for (const address of [OURS, THEIRS]) await ip('-n', lan, 'address', 'add', `${address}/24`, 'dev', 'eth0');
}

/** Baresip plays only what has the rate of the codec. */
function toneWav(hz: number, rate: number): Buffer {
  const seconds = 60;
  const samples = Int16Array.from({ length: rate * seconds }, (_, n) =>
    Math.round(8000 * Math.sin((2 * Math.PI * hz * n) / rate)),
  );
  const wav = writeWav(samples);
  wav.writeUInt32LE(rate, RATE_AT);
  wav.writeUInt32LE(rate * 2, RATE_AT + 4);
  return wav;
}

/** Baresip as Debian has it. */
class Softphone {
  readonly #folder: string;
  readonly program: Program;

  /** @param transport as a parameter of the URI @param more parameters of the account */
  constructor(t: TestContext, extension: string, transport: string, codec: string, more = '') {
    this.#folder = makeFolder(t);
    const file = (name: string, lines: readonly string[]): void => {
      writeFileSync(join(this.#folder, name), `${lines.join('\n')}\n`);
    };
    const rate = codec.startsWith('G722') ? 16_000 : WAV_RATE;
    writeFileSync(join(this.#folder, 'tone.wav'), toneWav(OURS_HZ, rate));
    const modules = ['g711', 'g722', 'srtp', 'aufile', 'aubridge', 'sndfile'].map(
      (name) => `module ${name}.so`,
    );
    file('config', [
      `sip_listen ${OURS}:5060`,
      `audio_source aufile,${this.#folder}/tone.wav`,
      'audio_player aubridge,nowhere',
      'audio_alert aubridge,nowhere',
      `snd_path ${this.#folder}`,
      'ctrl_tcp_listen 127.0.0.1:4444',
      'module_path /usr/lib/baresip/modules',
      ...modules,
      ...['module_tmp account.so', 'module_app menu.so', 'module_app ctrl_tcp.so'],
    ]);
    const account = `<sip:${extension}@${REGISTRAR}${transport}>;auth_pass=${examplePassword(extension)}`;
    file('accounts', [`${account};answermode=auto;regint=60;audio_codecs=${codec}${more}`]);
    for (const name of ['contacts', 'uuid']) file(name, ['']);
    const words = ['netns', 'exec', lan, 'baresip', '-f', this.#folder];
    // By itself it ends when its REGISTER with expires=0 is answered, which may be seconds.
    this.program = new Program(t, 'ip', words, 'SIGKILL');
  }

  async order(command: string, params = ''): Promise<void> {
    const json = JSON.stringify({ command, params });
    const netstring = `${String(Buffer.byteLength(json))}:${json},`;
    const send = `printf '%s' '${netstring}' | socat -t 1 - TCP:127.0.0.1:4444`;
    await run(['ip', 'netns', 'exec', lan, 'sh', '-c', send], { clock });
  }

  /** Multiples of 50 Hz in what it has heard in all its calls, by frames of 20 ms. */
  heard(): ReadonlyMap<number, number> {
    const frames = new Map<number, number>();
    for (const name of readdirSync(this.#folder).filter((one) => one.endsWith('-dec.wav'))) {
      const wav = readFileSync(join(this.#folder, name));
      const every = wav.readUInt32LE(RATE_AT) / WAV_RATE;
      const samples = Math.floor((wav.length - WAV_HEAD_BYTES) / 2 / every);
      for (let at = 0; at + SAMPLES <= samples; at += SAMPLES) {
        const frame = Uint8Array.from({ length: SAMPLES }, (_, n) =>
          encodeMuLaw(wav.readInt16LE(WAV_HEAD_BYTES + 2 * every * (at + n))),
        );
        const hz = findTone(frame, 'PCMU');
        frames.set(hz, (frames.get(hz) ?? 0) + 1);
      }
    }
    return frames;
  }
}

spec('a softphone on a LAN that the box is attached to', { deadlineMs: 120_000 }, (it, before) => {
  let farm: UaFarm;

  before(async (t) => {
    await openOffice(t);
    const words = [LAB, 'start', '--box', box, '--calls', '0', '--attach', lan];
    const lab = new Program(t, process.execPath, words, 'SIGINT');
    await lab.shows(/Ctrl-C takes everything down/, 40_000);
    farm = await UaFarm.start(lan, clock);
    t.defer(() => farm.stop());
    const server = { address: REGISTRAR, port: 5060 };
    const agent = { agent: '8008', user: '8008', password: examplePassword('8008'), hz: THEIRS_HZ };
    await farm.open({ ...agent, address: THEIRS, server });
    assert.is(await farm.register('8008'), 200);
  });

  /** The colleague dials, the softphone answers by itself, both are heard. */
  async function isHeard(phone: Softphone, dialled: string): Promise<void> {
    const heardBefore = phone.heard().get(THEIRS_HZ) ?? 0;
    const call = await farm.call('8008', dialled);
    const report = async (): Promise<CallReport | undefined> =>
      (await farm.calls('8008')).find(({ id }) => id === call);
    await waitFor(
      `who dials ${dialled} hears the softphone`,
      async () => {
        const { audio, status } = (await report()) ?? {};
        const isRight = audio?.heard.some(({ hz }) => Math.abs(hz - OURS_HZ) <= STEP_HZ);
        return isRight === true || notYet({ status, audio, said: phone.program.output.slice(-600) });
      },
      { deadlineMs: 15_000 },
    );
    await clock.sleep(1000);
    // Who was called hangs up: his BYE goes to our Contact.
    await phone.order('hangup');
    await waitFor(`${dialled} is over`, async () => (await report())?.progress === 'over');
    await waitFor(
      `the softphone has heard who dialled ${dialled}`,
      () => (phone.heard().get(THEIRS_HZ) ?? 0) >= heardBefore + 25 || notYet([...phone.heard()]),
      { deadlineMs: 5000 },
    );
  }

  it('registers, logs in, and is called by a colleague and by an emergency', async (t) => {
    const phone = new Softphone(t, '8007', '', 'PCMU');
    await phone.program.shows(/200 OK/);
    await phone.order('dial', `*11*1007*${examplePin('1007')}#`);
    await phone.program.shows(/Call established/);
    await phone.order('hangup');
    await phone.program.shows(/terminate call/);
    for (const dialled of ['8007', '120']) await isHeard(phone, dialled);
  });

  it('speaks TLS and encrypts its media', async (t) => {
    const phone = new Softphone(t, '8012', ';transport=tls', 'PCMA', ';mediaenc=srtp-mand');
    await phone.program.shows(/200 OK/);
    await isHeard(phone, '8012');
    assert.match(phone.program.output, /SRTP|srtp/);
  });

  it('speaks TCP and G.722', async (t) => {
    const phone = new Softphone(t, '8006', ';transport=tcp', 'G722/16000/1');
    await phone.program.shows(/200 OK/);
    await isHeard(phone, '8006');
    assert.match(phone.program.output, /audio encoder: G722/);
  });
});
