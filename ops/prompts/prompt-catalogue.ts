/**
 * What callers and call-takers hear, in the words of a hospital's switchboard. Recordings of a person replace them
 * file by file (docs/telephony.md).
 */

import { SPOKEN_MINUTES, SPOKEN_PLACES } from '../../firmware-config/defaults/spoken-numbers.js';

export interface PromptText {
  readonly zh: string;
  readonly en: string;
}

export const PROMPTS: Readonly<Record<string, PromptText>> = {
  greeting: {
    zh: '您好，这里是医院服务中心，请稍候，正在为您转接。',
    en: 'Welcome to the hospital. Please hold, we are connecting you.',
  },
  emergencyKey: {
    zh: '如果是急症，请按一。',
    en: 'If this is an emergency, press one.',
  },
  position: { zh: '您前面排队的位置是第', en: 'Your place in the queue is number' },
  callbackOffer: {
    zh: '如果不想继续等待，请按二，我们会按您的排队顺序给您回电。',
    en: 'If you would rather not wait, press two. You keep your place, and we call you back.',
  },
  callback: {
    zh: '好的，您的位置已保留，轮到您时我们会拨打这个号码给您回电。',
    en: 'Thank you. You keep your place. We will call you back at this number when it is your turn.',
  },
  closed: {
    zh: '您好，该科室现在不在服务时间，请在工作时间再来电。急症请拨打急诊电话。',
    en: 'This department is closed now. Please call again during its hours. In an emergency call the emergency number.',
  },
  maxWait: {
    zh: '很抱歉，目前所有座席都在忙，请您稍后再拨。',
    en: 'We are sorry, nobody has become free. Please call again later.',
  },
  loginOk: { zh: '登录成功，已就绪。', en: 'You are logged in and ready.' },
  loginWrong: { zh: '工号或密码错误。', en: 'The number or the PIN is wrong.' },
  loginLocked: {
    zh: '密码错误次数过多，请稍后再试。',
    en: 'There were too many wrong PINs. Please try again later.',
  },
  loggedOut: { zh: '您已退出登录。', en: 'You are logged out.' },
  readyOk: { zh: '已就绪。', en: 'You are ready.' },
  notReadyOk: { zh: '已示忙。', en: 'You are not ready.' },
  dispositionOk: { zh: '已记录。', en: 'It is noted.' },
  notLoggedIn: { zh: '请先登录。', en: 'Please log in first.' },
  notNow: { zh: '系统暂时无法处理，请稍后再试。', en: 'This cannot be done right now. Please try again.' },
  emergencyRaised: { zh: '已升级为急症。', en: 'The call is an emergency now.' },
  noCall: { zh: '当前没有通话。', en: 'There is no call.' },
};

const UNITS = ['', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/** 1 to 99 as they are spoken in a place in a queue. */
export function chineseNumber(value: number): string {
  const [tens, units] = [Math.floor(value / 10), value % 10];
  if (tens === 0) return UNITS[units] ?? '';
  return `${tens === 1 ? '' : (UNITS[tens] ?? '')}十${UNITS[units] ?? ''}`;
}

/** Every file by its id. */
export function allPrompts(): Readonly<Record<string, PromptText>> {
  const numbers = Array.from({ length: SPOKEN_PLACES }, (_, index) => {
    const value = index + 1;
    return [
      `number-${String(value)}`,
      { zh: `${chineseNumber(value)}位。`, en: `${String(value)}.` },
    ] as const;
  });
  const waits = SPOKEN_MINUTES.map((minutes) => {
    const [zh, en] = [chineseNumber(minutes), minutes === 1 ? 'a minute' : `${String(minutes)} minutes`];
    return [
      `wait-${String(minutes)}`,
      { zh: `预计还要等待约${zh === '二' ? '两' : zh}分钟。`, en: `It will take about ${en}.` },
    ] as const;
  });
  return { ...PROMPTS, ...Object.fromEntries<PromptText>([...numbers, ...waits]) };
}
