/**
 * The telephony of the demonstration hospital in the box: twelve phones, twelve call-takers, two trunks to the carrier
 * that the box plays. Everybody knows its passwords and PINs: never for a real hospital.
 *
 * | | |
 * |---|---|
 * | seats | 8001 to 8012; user is the extension, password `demo-8001` and so on |
 * | call-takers | 1001 to 1012, PIN 4001 to 4012 |
 */
import { createHash } from 'node:crypto';
import { hashPin, makeHa1, type ScryptCost } from '../telephony-secrets.js';

const REALM = 'wardline.example';

/** The cheapest that is accepted: what everybody knows need not be guarded, and boxes start often. */
const DEMONSTRATION_COST: ScryptCost = { N: 1024, r: 8, p: 1 };

/** The call-taker with this number dials the PIN with 4 in place of 1. */
export function examplePin(callTakerId: string): string {
  return callTakerId.replace(/^1/, '4');
}

export function examplePassword(extension: string): string {
  return `demo-${extension}`;
}

/** Departments by extension. The first four take emergencies, two of them on each node. */
const SEATS: Readonly<Record<string, readonly string[]>> = {
  '8001': ['emergency', 'reception'],
  '8002': ['emergency', 'reception'],
  '8003': ['emergency', 'reception', 'fever-clinic'],
  '8004': ['emergency', 'reception', 'fever-clinic'],
  '8005': ['reception', 'appointments'],
  '8006': ['reception', 'appointments'],
  '8007': ['appointments'],
  '8008': ['appointments'],
  '8009': ['fever-clinic', 'appointments'],
  '8010': ['fever-clinic', 'appointments'],
  '8011': ['complaints', 'reception'],
  '8012': ['complaints', 'reception'],
};

/** English is spoken at every third seat. */
const skillsOf = (index: number): readonly string[] => (index % 3 === 2 ? ['english'] : []);

function makeSeat(extension: string, index: number) {
  return {
    id: `seat-${extension}`,
    extension,
    user: extension,
    ha1: makeHa1(extension, REALM, examplePassword(extension)),
    // One phone encrypts, so that both kinds of media are seen.
    media: extension === '8012' ? 'srtp' : 'rtp',
    departments: SEATS[extension],
    skills: skillsOf(index),
    takesEmergencies: index < 4,
    dispatchNode: index % 2 === 0 ? 'a' : 'b',
  };
}

const NAMES = [
  '王芳',
  '李娜',
  '张伟',
  '刘洋',
  '陈静',
  '杨帆',
  '赵敏',
  '黄磊',
  '周婷',
  '吴昊',
  '徐丽',
  'Anna Berg',
];

function makeCallTaker(name: string, index: number) {
  const id = String(1001 + index);
  // A salt of its own for each, and the same document at every start.
  const salt = createHash('sha256').update(`demonstration ${id}`).digest().subarray(0, 16);
  return {
    id,
    name,
    pinHash: hashPin(examplePin(id), salt, DEMONSTRATION_COST),
    departments: Object.values(SEATS)[index],
    skills: skillsOf(index),
    language: index === NAMES.length - 1 ? 'en' : 'zh',
  };
}

const TRUNK = {
  kind: 'static',
  host: '10.77.0.20',
  transport: 'udp',
  allowedSources: ['10.77.0.20'],
  callsMax: 200,
  isEmergencyTrunk: true,
  callerId: '+861065129000',
  drWay: 'overflow',
} as const;

/** @returns a telephony document as input for parseTelephony, matching exampleRouting and exampleSite */
export function exampleTelephony(): unknown {
  return structuredClone({
    version: 1,
    realm: REALM,
    seats: Object.keys(SEATS).map(makeSeat),
    callTakers: NAMES.map(makeCallTaker),
    notReadyReasons: [
      { code: '1', names: { zh: '休息', en: 'Break' } },
      { code: '2', names: { zh: '培训', en: 'Training' } },
      { code: '3', names: { zh: '处理工单', en: 'Paperwork' } },
    ],
    dispositions: [
      { code: '1', names: { zh: '已解决', en: 'Settled' } },
      { code: '2', names: { zh: '已预约', en: 'Appointment made' } },
      { code: '3', names: { zh: '已转接', en: 'Passed on' } },
      { code: '4', names: { zh: '需要回访', en: 'To be called back' } },
    ],
    queues: [
      { departmentId: 'emergency', strategy: 'ringAll', ringMs: 10_000, maxWaitMs: 600_000 },
      { departmentId: 'reception', callbackAfterMs: 60_000, announceEveryMs: 30_000 },
      {
        departmentId: 'appointments',
        strategy: 'fewestCalls',
        overflowTo: 'reception',
        maxWaitMs: 300_000,
        callbackAfterMs: 60_000,
        announceEveryMs: 30_000,
      },
      { departmentId: 'fever-clinic', overflowTo: 'reception', maxWaitMs: 180_000, announceEveryMs: 30_000 },
    ],
    trunks: [
      { id: 'main', port: 5060, ...TRUNK },
      { id: 'backup', port: 5070, backupFor: 'main', ...TRUNK },
    ],
    emergencyOutside: { trunkIds: ['main', 'backup'], number: '120' },
  });
}
