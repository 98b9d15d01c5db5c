/**
 * Why something is not what it should be. A closed list.
 *
 * - `no-key`: the text or the octets do not have the form of a public key. `non-canonical`: it is another spelling of one.
 *   `not-on-curve` and `small-order`: nobody can have the secret of it, or everybody can sign for it.
 * - `too-short`, `too-large`: octets that cannot be a packet, or a DNS message of more than 995 octets that is to be signed.
 * - `bad-key`: the octets of the key in a packet are not a key. `bad-timestamp`: outside 0 to 2^63 − 1.
 * - `bad-signature`: the key did not sign this, or it was changed since.
 * - `bad-dns-message`: what was signed, or is to be signed, is not a message of DNS records.
 */
export type PkarrFault =
  | 'no-key'
  | 'non-canonical'
  | 'not-on-curve'
  | 'small-order'
  | 'too-short'
  | 'too-large'
  | 'bad-key'
  | 'bad-timestamp'
  | 'bad-signature'
  | 'bad-dns-message';

/** Text or octets are not a key or a packet. The message is a sentence for people and never contains a secret. */
export class PkarrError extends Error {
  override readonly name = 'PkarrError';
  readonly fault: PkarrFault;

  constructor(fault: PkarrFault, message: string) {
    super(message);
    this.fault = fault;
  }
}
