import { ForwardError, type ForwardErrorKind } from '../forward/errors.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { FailureReason } from '../way/fact.ts';
import { ResolveError } from './errors.ts';
import type { Resolver } from './query.ts';

const kinds: Readonly<Record<ForwardErrorKind, FailureReason>> = {
  'no-upstreams': 'no-upstream',
  'timed-out': 'upstream-silent',
  network: 'upstream-network',
  'malformed-replies': 'upstream-malformed',
  truncated: 'upstream-malformed',
  overloaded: 'busy',
  closed: 'out-of-time',
};

/** Answers questions by asking upstream resolvers. */
export function forwardResolver(forwarder: Forwarder): Resolver {
  return {
    async resolve({ question, dnssecOk, checkingDisabled }, { cancellation, onSource, trace, begun }) {
      onSource?.('upstream');
      try {
        const reply = await forwarder.forward(
          { question, dnssecOk, checkingDisabled, begun },
          cancellation,
          trace,
        );
        return { kind: 'forwarded', reply };
      } catch (error) {
        if (!(error instanceof ForwardError)) throw error;
        const sentence = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
        throw new ResolveError(kinds[error.kind], sentence, { cause: error });
      }
    },
  };
}
