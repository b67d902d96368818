/** A softphone that knows nothing of this project, on a LAN outside of the box: what the README says of a phone of your own. */
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
import { openOffice } from '../support/box/office-lan.js';
import { projectRoot } from '../support/project-files.js';
import { RunningProgram } from '../support/running-program.js';
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
  readonly program: RunningProgram;

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
    // It ends when what it has said last is answered.
    this.program = new RunningProgram('ip', words).endWith(t, 'SIGTERM');
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
    await openOffice(t, clock, lan, [OURS, THEIRS]);
    const words = [LAB, 'start', '--box', box, '--calls', '0', '--attach', lan];
    const lab = new RunningProgram(process.execPath, words).endWith(t, 'SIGINT');
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
    await waitFor('a second of tone has gone to it', async () => {
      const { audio } = (await report()) ?? {};
      return (audio?.sent ?? 0) >= 50 || notYet(audio);
    });
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
    assert.match(phone.program.output, /SRTP is Enabled/);
  });

  it('speaks TCP and G.722', async (t) => {
    const phone = new Softphone(t, '8006', ';transport=tcp', 'G722/16000/1');
    await phone.program.shows(/200 OK/);
    await isHeard(phone, '8006');
    assert.match(phone.program.output, /audio encoder: G722/);
  });
});
