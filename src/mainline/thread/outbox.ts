/** Messages that are sent without waiting for more, so that the other thread works on them meanwhile. */
const AT_ONCE = 5;

/**
 * Sends messages to another thread in order, those of one turn of the event loop together: each that is sent wakes the other thread,
 * and dozens come at once when many keys are looked up.
 */
export class Outbox<Message> {
  readonly #post: (messages: readonly Message[]) => void;
  #waiting: Message[] = [];
  #soon: NodeJS.Immediate | undefined;

  /** @param post sends messages that can be cloned */
  constructor(post: (messages: readonly Message[]) => void) {
    this.#post = post;
  }

  /** Sends a message before the next turn. */
  readonly say = (message: Message): void => {
    const waiting = this.#waiting.push(message);
    if (waiting === AT_ONCE) this.flush();
    else if (waiting === 1)
      this.#soon ??= setImmediate(() => {
        this.#soon = undefined;
        this.flush();
      });
  };

  /** Sends now what waits. */
  flush(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    if (messages.length > 0) this.#post(messages);
  }
}

/** The messages in what `Outbox` sent, or the one that was sent without it. */
export function messagesOf<Message extends object>(sent: Message | readonly Message[]): readonly Message[] {
  return isList(sent) ? sent : [sent];
}

/** `Array.isArray` does not narrow a union with readonly arrays. */
function isList<Message>(sent: Message | readonly Message[]): sent is readonly Message[] {
  return Array.isArray(sent);
}
