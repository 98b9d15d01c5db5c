/** Whether a `Host` is a name that leads each machine to itself, so that no proxy was asked for it by another one. */
export function isLocalName(host = ''): boolean {
  const name = host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
