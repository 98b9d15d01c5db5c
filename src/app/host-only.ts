/** An upstream without user, path and query of its URL: a path such as that of NextDNS says whose account it is. */
export function hostOnly(label: string): string {
  return label.replace(
    /^(?<scheme>https?:\/\/)(?:[^/@]*@)?(?<host>[^/?#]+).*$/i,
    (_, scheme: string, host: string) => `${scheme}${host}`,
  );
}
