/** An engine, an application and as many phones as a test wants: what the tests of applications begin with. */
import type { TestContext } from '../spec.js';
import {
  ApplicationProcess,
  type ApplicationName,
  type ApplicationOptions,
  type CommandFailed,
} from './application-process.js';
import { EngineProcess, type EngineOptions } from './engine-process.js';
import { RawDialog, type MessageParts } from './raw-dialog.js';
import { RawSipPeer, type PeerOptions, type PeerProtocol, type ReceivedSip } from './raw-sip-peer.js';
import { responseHeaders, sdp, token, writeSipText, type SipText } from './sip-text.js';

export interface BenchOptions {
  readonly engine?: EngineOptions;
  readonly name?: ApplicationName;
  readonly application?: ApplicationOptions;
  /** What phones speak; the engine has to listen on it. */
  readonly protocol?: PeerProtocol;
  readonly certificate?: PeerOptions['certificate'];
}

/** A call that stands, and what the application calls it. */
export interface StandingCall {
  readonly call: RawDialog;
  readonly dialog: string;
}

export class SipBench {
  readonly engine: EngineProcess;
  readonly application: ApplicationProcess;
  readonly #phones: PeerOptions & { readonly protocol: PeerProtocol };

  private constructor(engine: EngineProcess, application: ApplicationProcess, options: BenchOptions) {
    this.engine = engine;
    this.application = application;
    this.#phones = {
      protocol: options.protocol ?? 'udp',
      ...(options.certificate === undefined ? {} : { certificate: options.certificate }),
    };
  }

  /** Both are stopped when the test or the file is over. */
  static async start(t: TestContext, options: BenchOptions = {}): Promise<SipBench> {
    const engine = await EngineProcess.start(options.engine);
    t.defer(() => engine.stop());
    const name = options.name ?? 'controllable';
    const application = await ApplicationProcess.start(name, engine, options.application);
    t.defer(() => application.stop());
    return new SipBench(engine, application, options);
  }

  get at() {
    return this.engine.at(this.#phones.protocol);
  }

  async openPeer(t: TestContext, options: PeerOptions = this.#phones): Promise<RawSipPeer> {
    const peer = await RawSipPeer.open(options);
    t.defer(() => peer.close());
    return peer;
  }

  /** A phone that is about to call. */
  async startCall(t: TestContext, user?: string): Promise<RawDialog> {
    const peer = await this.openPeer(t);
    return RawDialog.calling({ peer, engine: this.at, ...(user === undefined ? {} : { user }) });
  }

  /** The call of a phone that the application has answered. */
  async answeredCall(
    t: TestContext,
    options: {
      readonly listen?: readonly string[];
      readonly invite?: MessageParts;
      readonly sdp?: string;
    } = {},
  ): Promise<StandingCall> {
    const call = await this.startCall(t);
    const invite = call.invite(options.invite);
    const { name } = await this.application.request('INVITE');
    const made = await this.application.do('createUAS', {
      request: name,
      listen: options.listen ?? [],
      options: { localSdp: options.sdp ?? sdp(41_000) },
    });
    call.learn(await call.response(invite, 200));
    call.ack(invite);
    return { call, dialog: made['dialog'] as string };
  }

  called(peer: RawSipPeer, request: SipText): RawDialog {
    return RawDialog.called({ peer, engine: this.at }, request);
  }

  /** The application has begun a createUAC to a new phone, whose INVITE has arrived. */
  async receiveCall(t: TestContext, options: object = {}, listen: readonly string[] = []) {
    const peer = await this.openPeer(t);
    const command = this.application.begin('createUAC', {
      uri: peer.uri(),
      listen,
      options: { localSdp: sdp(), ...options },
    });
    const invite = await peer.expectRequest('INVITE');
    return { peer, command, invite, callee: this.called(peer, invite) };
  }

  /** A call of the application that a phone has answered. */
  async madeCall(
    t: TestContext,
    options: object = {},
    listen: readonly string[] = [],
  ): Promise<StandingCall> {
    const { command, invite, callee } = await this.receiveCall(t, options, listen);
    callee.answer(invite, 200, { body: sdp(42_000) });
    await callee.incoming('ACK');
    const made = await this.application.result(command);
    return { call: callee, dialog: made['dialog'] as string };
  }

  failure(command: number): Promise<CommandFailed> {
    return this.application.failure(command);
  }
}

/** A response to a request that makes no dialog, or that has to be strange. */
export function answerOutside(request: ReceivedSip, status: number, parts: MessageParts = {}): void {
  const headers = [...responseHeaders(request, token()), ...(parts.headers ?? [])];
  request.reply(writeSipText(`SIP/2.0 ${String(status)} Because`, headers, parts.body));
}
