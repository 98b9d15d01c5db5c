import { WireError } from '../../../dns/wire-error.ts';
import { isOutOfDescriptors } from '../../../system/out-of-descriptors.ts';

/**
 * Why a part of the demo got no answer from another one, as a clause: nothing in time, a system error, malformed octets.
 * @throws the error itself when it is none of them, or that no file descriptor is left.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error) || isOutOfDescriptors(error)) throw error;
  if (error.name === 'TimeoutError') return 'no answer in time';
  if (error instanceof WireError) return `malformed reply: ${error.message}`;
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') throw error;
  return message;
}
