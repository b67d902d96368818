/**
 * Dialogs of an application that is gone: the engine keeps them, with a word that the application stored (docs/
 * sip-engine.md, "Going on after a death"). drachtio-srf knows none of this: its connection carries the commands, and
 * its Dialog is made of what the engine tells. Of its private parts only the agent and its sockets are used (5.0.29).
 */
import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';
import type { SrfApi, SrfDialog } from './srf-types.js';

interface Party {
  readonly party: string;
  readonly tag: string;
  readonly contact: string;
  readonly sdp: string;
}

/** The engine's answer to `adopt`. */
interface DialogFacts {
  readonly id: string;
  readonly kind: 'INVITE' | 'SUBSCRIBE';
  readonly role: 'uas' | 'uac';
  readonly state: string;
  readonly callId: string;
  readonly local: Party;
  readonly remote: Party;
  readonly payload: string;
}

export interface AdoptedDialog {
  readonly dialog: SrfDialog;
  /** `confirmed`, or an earlier state of a dialog that nobody has answered. */
  readonly state: string;
  /** What its application has stored; empty: nothing. */
  readonly payload: string;
}

type Answer = (fields: readonly string[]) => void;

interface Agent {
  readonly wp: { send(socket: Socket, message: string): string };
  readonly mapServer: ReadonlyMap<Socket, { readonly pendingRequests: Map<string, Answer> }>;
}

interface MutableMessage {
  agent: unknown;
  socket: unknown;
  req: unknown;
  msg: unknown;
  meta: object;
}

interface Parts {
  readonly Dialog: new (srf: SrfApi, role: string, parts: object) => SrfDialog;
  readonly SipMessage: new (text: string) => object;
  readonly SipRequest: new (message: object, meta: object) => MutableMessage;
  readonly SipResponse: new (agent: unknown) => MutableMessage;
}

function agentOf(srf: SrfApi): Agent {
  return (srf as unknown as { readonly _app: { readonly client: Agent } })._app.client;
}

/**
 * One command of our engine on the connection that is there.
 * @param onAnswer called before anything is read that the engine has sent after its answer
 * @throws the engine's refusal, as an Error
 */
function command(
  srf: SrfApi,
  words: string,
  onAnswer: (answer: unknown) => void = () => undefined,
): Promise<unknown> {
  const agent = agentOf(srf);
  const [[socket, connection] = []] = agent.mapServer;
  if (socket === undefined || connection === undefined)
    return Promise.reject(new Error('there is no connection to the SIP engine'));
  return new Promise((resolve, reject) => {
    connection.pendingRequests.set(agent.wp.send(socket, words), ([outcome, field = '']) => {
      if (outcome === 'OK') {
        const answer: unknown = field === '' ? undefined : JSON.parse(field);
        onAnswer(answer);
        resolve(answer);
      } else reject(new Error(`the SIP engine refuses ${words.split('|', 1)[0] ?? ''}: ${field}`));
    });
  });
}

/** The request that began the dialog, or its answer, as whoever got it would have seen it. */
function messageOf(dialog: DialogFacts, isAnswer: boolean): string {
  const { role, kind, id, callId, local, remote } = dialog;
  const [caller, callee] = role === 'uas' ? [remote, local] : [local, remote];
  const sender = isAnswer ? callee : caller;
  return [
    isAnswer ? 'SIP/2.0 200 OK' : `${kind} sip:adopted SIP/2.0`,
    // It goes nowhere; drachtio-srf wants one.
    `Via: SIP/2.0/UDP adopted.invalid;branch=z9hG4bK${id}`,
    `From: ${caller.party};tag=${caller.tag}`,
    `To: ${callee.party}${isAnswer ? `;tag=${callee.tag}` : ''}`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${kind}`,
    `Contact: ${sender.contact}`,
    `Content-Length: ${String(Buffer.byteLength(sender.sdp))}`,
    '',
    sender.sdp,
  ].join('\r\n');
}

function makeDialog(srf: SrfApi, facts: DialogFacts): SrfDialog {
  const parts = Srf as unknown as Parts;
  const agent = agentOf(srf);
  const [socket] = agent.mapServer.keys();
  const meta = { source: facts.role === 'uas' ? 'network' : 'application', dialogId: facts.id };
  const req = new parts.SipRequest(new parts.SipMessage(messageOf(facts, false)), meta);
  const res = new parts.SipResponse(agent);
  const answer = new parts.SipMessage(messageOf(facts, true));
  req.agent = agent;
  req.socket = socket;
  Object.assign(res, { socket, msg: answer, meta, req });
  const dialog = new parts.Dialog(srf, facts.role, { req, res, sent: answer });
  (srf as unknown as { addDialog(one: SrfDialog): void }).addDialog(dialog);
  return dialog;
}

/** Says that somebody will adopt the dialog, should this process die: requests in it wait for that. */
export async function storePayload(srf: SrfApi, dialogId: string, text: string): Promise<void> {
  await command(srf, `payload|${dialogId}\r\n${text}`);
}

/**
 * Takes every dialog of the tag that has no owner; one that ends meanwhile is left out.
 * @param onDialog whoever wants to hear of its end has to listen now: a BYE that has waited for its adoption follows on
 * the heels of the answer, and drachtio-srf answers 481 to what it does not know
 * @throws the engine's refusal to name them
 */
export async function adoptDialogs(
  srf: SrfApi,
  tag: string,
  onDialog: (adopted: AdoptedDialog) => void,
): Promise<void> {
  const ids = (await command(srf, `dialogs|${tag}`)) as readonly string[];
  await Promise.allSettled(
    ids.map((id) =>
      command(srf, `adopt|${id}`, (answer) => {
        const facts = answer as DialogFacts;
        onDialog({ dialog: makeDialog(srf, facts), state: facts.state, payload: facts.payload });
      }),
    ),
  );
}
