/**
 * Which application gets a new request, and which one a transaction or dialog belongs to. Memory only, no I/O.
 *
 * Invariant: a dialog outlives its application. drachtio-server answers 481 for every dialog whose connection is
 * gone; here the dialog becomes an orphan and belongs, when the next message for it comes, to a connection with the
 * same tags (the restarted application, or its twin on this node).
 */

/** What has to be known of a connection. */
export interface Application {
  readonly id: string;
  readonly tags: readonly string[];
  hasRoute(verb: string): boolean;
}

/** What a new request needs: an application that routed its method and, if one is named, has the tag. */
export interface Wanted {
  /** The method in lower case, or a call record event. */
  readonly verb: string;
  readonly tag?: string;
}

/** What the SIP side answers when nobody is there for a request. */
export function refusalStatus(wanted: Wanted): 480 | 503 {
  return wanted.tag === undefined ? 503 : 480;
}

export interface ApplicationLoss {
  /** Nobody has answered them yet: give each to `findSuccessor`, now and when a route is added. */
  readonly pendingInvites: readonly string[];
  /** Answered halfway or not to be repeated; the router has forgotten them. */
  readonly lostTransactions: readonly string[];
  /** They go on; see `findDialogOwner`. */
  readonly orphanedDialogs: readonly string[];
}

interface Seat<A> {
  readonly application: A;
  /** Grows with every connection; the round robin goes by it, so that who comes and goes skips nobody. */
  readonly number: number;
}

interface Transaction {
  /** undefined: waits for a successor. */
  ownerId: string | undefined;
  /** While the request may still be given to somebody else. */
  wanted: Wanted | undefined;
}

interface DialogOwner {
  /** undefined: an orphan. */
  ownerId: string | undefined;
  /** It only got a message that nobody else was there for, and may not know the dialog. */
  isStandIn?: boolean;
  tags: readonly string[];
}

export class ApplicationRouter<A extends Application> {
  readonly #seats = new Map<string, Seat<A>>();
  readonly #transactions = new Map<string, Transaction>();
  readonly #dialogs = new Map<string, DialogOwner>();
  /** Per kind of request, the seat that had the last turn. */
  readonly #lastTurns = new Map<string, number>();
  #seatsGiven = 0;

  get applications(): readonly A[] {
    return [...this.#seats.values()].map(({ application }) => application);
  }

  /** An application has authenticated. */
  add(application: A): void {
    this.#seatsGiven += 1;
    this.#seats.set(application.id, { application, number: this.#seatsGiven });
  }

  /** Its connection is gone. Idempotent. */
  remove(application: A): ApplicationLoss {
    this.#seats.delete(application.id);
    const transactions = [...this.#transactions].filter(([, { ownerId }]) => ownerId === application.id);
    const orphans = [...this.#dialogs].filter(([, { ownerId }]) => ownerId === application.id);
    for (const [, dialog] of orphans) dialog.ownerId = undefined;
    for (const [id, transaction] of transactions) {
      if (transaction.wanted === undefined) this.#transactions.delete(id);
      else transaction.ownerId = undefined;
    }
    const idsOf = (isPending: boolean): string[] =>
      transactions.filter(([, { wanted }]) => (wanted !== undefined) === isPending).map(([id]) => id);
    return {
      pendingInvites: idsOf(true),
      lostTransactions: idsOf(false),
      orphanedDialogs: orphans.map(([id]) => id),
    };
  }

  /** Whose turn it is; takes that turn. */
  findApplication(wanted: Wanted): A | undefined {
    const { verb, tag } = wanted;
    return this.#takeTurn(
      tag === undefined ? verb : `${verb}|${tag}`,
      (one) => one.hasRoute(verb) && (tag === undefined || one.tags.includes(tag)),
    );
  }

  /**
   * A transaction belongs to `owner` until `closeTransaction`.
   * @param owner undefined: it waits for a successor from the start
   * @param pending given for an INVITE that waits for an answer: it may go to another application
   */
  openTransaction(transactionId: string, owner: A | undefined, pending?: Wanted): void {
    this.#transactions.set(transactionId, { ownerId: owner?.id, wanted: pending });
  }

  /** The application has given a final answer: nobody else shall get the request. */
  settleTransaction(transactionId: string): void {
    const transaction = this.#transactions.get(transactionId);
    if (transaction === undefined) return;
    if (transaction.ownerId === undefined) this.#transactions.delete(transactionId);
    else transaction.wanted = undefined;
  }

  closeTransaction(transactionId: string): void {
    this.#transactions.delete(transactionId);
  }

  findTransactionOwner(transactionId: string): A | undefined {
    return this.#applicationOf(this.#transactions.get(transactionId)?.ownerId);
  }

  /** Gives a pending INVITE whose application is gone to the next one. @returns undefined while there is none */
  findSuccessor(transactionId: string): A | undefined {
    const transaction = this.#transactions.get(transactionId);
    if (transaction?.wanted === undefined || transaction.ownerId !== undefined) return undefined;
    const successor = this.findApplication(transaction.wanted);
    transaction.ownerId = successor?.id;
    return successor;
  }

  /** Pending INVITEs that have no application, in the order they came. */
  get waitingInvites(): readonly string[] {
    return [...this.#transactions].filter(([, { ownerId }]) => ownerId === undefined).map(([id]) => id);
  }

  /** A dialog that `owner` made or is known to handle. */
  bindDialog(dialogId: string, owner: A): void {
    this.#dialogs.set(dialogId, { ownerId: owner.id, tags: owner.tags });
  }

  /** A dialog that came from the partner node or out of the store, with the tags its application had. */
  restoreDialog(dialogId: string, tags: readonly string[]): void {
    this.#dialogs.set(dialogId, { ownerId: undefined, tags });
  }

  releaseDialog(dialogId: string): void {
    this.#dialogs.delete(dialogId);
  }

  /**
   * The application asks for it, and gets it also from another one that lives: whoever knows the secret may act on
   * every dialog (as with drachtio-server), and only applications know which of them handles a call.
   * @returns false when the dialog is not known
   */
  adoptDialog(dialogId: string, application: A): boolean {
    if (!this.#dialogs.has(dialogId)) return false;
    this.bindDialog(dialogId, application);
    return true;
  }

  /**
   * Who gets the next message of a dialog. An orphan is bound to the first connection that can stand in; as long as
   * there is none it stays an orphan, and undefined is returned.
   */
  findDialogOwner(dialogId: string): A | undefined {
    const dialog = this.#dialogs.get(dialogId);
    if (dialog === undefined) return undefined;
    const owner = this.#applicationOf(dialog.ownerId);
    if (owner !== undefined) return owner;
    const successor = this.#takeTurn(`dialog|${dialog.tags.join(',')}`, (one) =>
      canStandIn(one, dialog.tags),
    );
    dialog.ownerId = successor?.id;
    dialog.isStandIn = true;
    return successor;
  }

  /** Whether an application that is there made the dialog, adopted it or has spoken in it. */
  isHandled(dialogId: string): boolean {
    const dialog = this.#dialogs.get(dialogId);
    return dialog?.isStandIn !== true && this.#applicationOf(dialog?.ownerId) !== undefined;
  }

  /** For the snapshot of a dialog; undefined when it is not known. */
  findDialogTags(dialogId: string): readonly string[] | undefined {
    return this.#dialogs.get(dialogId)?.tags;
  }

  /**
   * Those that nobody has adopted, or uses as his own.
   * @param tag empty for the dialogs of applications without tags
   */
  orphansOf(tag: string): readonly string[] {
    const isTheirs = (tags: readonly string[]): boolean =>
      tag === '' ? tags.length === 0 : tags.includes(tag);
    return [...this.#dialogs]
      .filter(
        ([, { ownerId, isStandIn, tags }]) => (ownerId === undefined || isStandIn === true) && isTheirs(tags),
      )
      .map(([id]) => id);
  }

  #applicationOf(id: string | undefined): A | undefined {
    return id === undefined ? undefined : this.#seats.get(id)?.application;
  }

  /** The first fitting seat behind the one that had the last turn, else the first of all. */
  #takeTurn(kind: string, fits: (application: A) => boolean): A | undefined {
    const last = this.#lastTurns.get(kind) ?? 0;
    let first: Seat<A> | undefined;
    for (const seat of this.#seats.values()) {
      if (!fits(seat.application)) continue;
      first ??= seat;
      if (seat.number > last) return this.#noteTurn(kind, seat);
    }
    return first === undefined ? undefined : this.#noteTurn(kind, first);
  }

  #noteTurn(kind: string, seat: Seat<A>): A {
    this.#lastTurns.set(kind, seat.number);
    return seat.application;
  }
}

/** With tags: one that has them all. Without: one that takes calls and has no tags, either. */
function canStandIn(application: Application, tags: readonly string[]): boolean {
  if (tags.length === 0) return application.tags.length === 0 && application.hasRoute('invite');
  return tags.every((tag) => application.tags.includes(tag));
}
