/**
 * Local Network Access: a page that came from loopback may talk to every other service of this machine without asking. With
 * this directive of a Content-Security-Policy it is what it is, a page of the Internet. It belongs into every answer under the name
 * of a key, since a script that gets hold of one document without it has what that document may do.
 */
export const PUBLIC_ADDRESS = 'treat-as-public-address';
