/**
 * How an application takes over the dialogs of one that died: it asks the engine for those of its tag that nobody
 * owns (`dialogs`), takes each (`adopt`) and makes drachtio-srf's Dialog of what the engine knows about it. drachtio-srf
 * has no method for that; of its private parts only the agent and its sockets are used (5.0.29).
 */
import type { Socket } from 'node:net';
import { token, writeSipText, type HeaderList } from '../sip-text.js';
import { Srf, type SrfApi, type SrfDialog } from './srf-objects.js';

/** What of an engine's dialog is needed here. */
interface EngineDialog {
  readonly id: string;
  readonly role: 'uas' | 'uac';
  readonly callId: string;
  readonly localTag: string;
  readonly localParty: string;
  readonly remoteTag: string;
  readonly remoteParty: string;
  readonly remoteTarget: string;
  readonly localContact: string;
  readonly inviteSeq: number;
  readonly localSdp?: { readonly body: string };
  readonly remoteSdp?: { readonly body: string };
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

/** The request that began it, as its receiver would have seen it. */
function inviteText(dialog: EngineDialog): string {
  const isUas = dialog.role === 'uas';
  const local = `${dialog.localParty};tag=${dialog.localTag}`;
  const remote = dialog.remoteParty;
  const headers: HeaderList = [
    ['Via', `SIP/2.0/UDP restored.invalid;branch=z9hG4bK${token()}`],
    ['From', isUas ? `${remote};tag=${dialog.remoteTag}` : local],
    ['To', isUas ? dialog.localParty : remote],
    ['Call-ID', dialog.callId],
    ['CSeq', `${String(dialog.inviteSeq)} INVITE`],
    ['Contact', isUas ? `<${dialog.remoteTarget}>` : dialog.localContact],
  ];
  const body = (isUas ? dialog.remoteSdp : dialog.localSdp)?.body;
  return writeSipText(`INVITE ${isUas ? 'sip:restored' : dialog.remoteTarget} SIP/2.0`, headers, body);
}

function answerText(dialog: EngineDialog): string {
  const isUas = dialog.role === 'uas';
  const [local, remote] = [
    `${dialog.localParty};tag=${dialog.localTag}`,
    `${dialog.remoteParty};tag=${dialog.remoteTag}`,
  ];
  const headers: HeaderList = [
    ['Via', `SIP/2.0/UDP restored.invalid;branch=z9hG4bK${token()}`],
    ['From', isUas ? remote : local],
    ['To', isUas ? local : remote],
    ['Call-ID', dialog.callId],
    ['CSeq', `${String(dialog.inviteSeq)} INVITE`],
    ['Contact', isUas ? dialog.localContact : `<${dialog.remoteTarget}>`],
  ];
  const body = (isUas ? dialog.localSdp : dialog.remoteSdp)?.body;
  return writeSipText('SIP/2.0 200 OK', headers, body);
}

function restoreDialog(srf: SrfApi, dialog: EngineDialog): SrfDialog {
  const agent = agentOf(srf);
  const [socket] = agent.mapServer.keys();
  const parts = Srf as unknown as {
    Dialog: new (srf: SrfApi, role: string, parts: object) => SrfDialog;
    SipMessage: new (text: string) => object;
    SipRequest: new (message: object, meta: object) => MutableMessage;
    SipResponse: new (agent: unknown) => MutableMessage;
  };
  const meta = { source: dialog.role === 'uas' ? 'network' : 'application', dialogId: dialog.id };
  const answer = new parts.SipMessage(answerText(dialog));
  const req = new parts.SipRequest(new parts.SipMessage(inviteText(dialog)), meta);
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

/** Takes every dialog of the tag that has no owner. @throws the engine's refusal */
export async function adoptDialogs(srf: SrfApi, tag: string): Promise<SrfDialog[]> {
  const ids = (await command(srf, `dialogs|${tag}`)) as readonly string[];
  const adopted = await Promise.all(ids.map((id) => command(srf, `adopt|${id}`)));
  return adopted.map((answer) => {
    const snapshot = answer as EngineDialog & { readonly dialog?: EngineDialog };
    return restoreDialog(srf, snapshot.dialog ?? snapshot);
  });
}
