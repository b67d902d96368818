/**
 * How an application takes over the dialogs of one that died: it asks the engine for those of its tag that nobody
 * owns (`dialogs`), takes each (`adopt`) and makes drachtio-srf's Dialog of what the engine knows about it. drachtio-srf
 * has no method for that; of its private parts only the agent and its sockets are used (5.0.29).
 */
import type { Socket } from 'node:net';
import { token, writeSipText, type HeaderList } from '../sip-text.js';
import { Srf, type SrfApi, type SrfDialog } from './srf-objects.js';

interface Party {
  readonly party: string;
  readonly tag: string;
  readonly contact: string;
  readonly sdp: string;
}

/** The engine's answer to `adopt`. */
interface AdoptedDialog {
  readonly id: string;
  readonly kind: 'INVITE' | 'SUBSCRIBE';
  readonly role: 'uas' | 'uac';
  readonly callId: string;
  readonly local: Party;
  readonly remote: Party;
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

function agentOf(srf: SrfApi): Agent {
  return (srf as unknown as { _app: { client: Agent } })._app.client;
}

/** One extension command on drachtio-srf's own connection. @returns the field after OK, as data */
function command(srf: SrfApi, words: string): Promise<unknown> {
  const agent = agentOf(srf);
  const [[socket, connection] = []] = agent.mapServer;
  if (socket === undefined || connection === undefined)
    throw new Error('there is no connection to the engine');
  return new Promise((resolve, reject) => {
    connection.pendingRequests.set(agent.wp.send(socket, words), ([outcome, field = '']) => {
      if (outcome === 'OK') resolve(field === '' ? undefined : JSON.parse(field));
      else reject(new Error(`${words}: ${field}`));
    });
  });
}

/** The request that began the dialog, or its answer, as the one who got it would have seen it. */
function messageText(dialog: AdoptedDialog, startLine: string, isAnswer: boolean): string {
  const { role, kind, callId, local, remote } = dialog;
  const [caller, callee] = role === 'uas' ? [remote, local] : [local, remote];
  const sender = isAnswer ? callee : caller;
  const headers: HeaderList = [
    ['Via', `SIP/2.0/UDP restored.invalid;branch=z9hG4bK${token()}`],
    ['From', `${caller.party};tag=${caller.tag}`],
    ['To', isAnswer ? `${callee.party};tag=${callee.tag}` : callee.party],
    ['Call-ID', callId],
    ['CSeq', `1 ${kind}`],
    ['Contact', sender.contact],
  ];
  return writeSipText(startLine, headers, sender.sdp);
}

function restoreDialog(srf: SrfApi, dialog: AdoptedDialog): SrfDialog {
  const agent = agentOf(srf);
  const [socket] = agent.mapServer.keys();
  const parts = Srf as unknown as {
    Dialog: new (srf: SrfApi, role: string, parts: object) => SrfDialog;
    SipMessage: new (text: string) => object;
    SipRequest: new (message: object, meta: object) => MutableMessage;
    SipResponse: new (agent: unknown) => MutableMessage;
  };
  const meta = { source: dialog.role === 'uas' ? 'network' : 'application', dialogId: dialog.id };
  const answer = new parts.SipMessage(messageText(dialog, 'SIP/2.0 200 OK', true));
  const req = new parts.SipRequest(
    new parts.SipMessage(messageText(dialog, `${dialog.kind} sip:restored SIP/2.0`, false)),
    meta,
  );
  const res = new parts.SipResponse(agent);
  req.agent = agent;
  req.socket = res.socket = socket;
  res.msg = answer;
  res.meta = meta;
  res.req = req;
  const restored = new parts.Dialog(srf, dialog.role, { req, res, sent: answer });
  (srf as unknown as { addDialog(one: SrfDialog): void }).addDialog(restored);
  return restored;
}

/** Says that somebody will adopt the dialog: requests in it wait for that. */
export async function storePayload(srf: SrfApi, dialogId: string, text: string): Promise<void> {
  await command(srf, `payload|${dialogId}\r\n${text}`);
}

/** Takes every dialog of the tag that has no owner. @throws the engine's refusal */
export async function adoptDialogs(srf: SrfApi, tag: string): Promise<SrfDialog[]> {
  const ids = (await command(srf, `dialogs|${tag}`)) as readonly string[];
  const adopted = await Promise.all(ids.map((id) => command(srf, `adopt|${id}`)));
  return adopted.map((answer) => restoreDialog(srf, answer as AdoptedDialog));
}
