interface Place {
  host?: string | undefined;
  path?: string | undefined;
}

/** A route in a word: `/api`, `api.example.com/`. */
export function routeWord({ host = '', path = '/' }: Place): string {
  return `${host}${path}`;
}

/** What is before the first slash is the domain. */
export function parseRoute(word: string): { host?: string; path: string } {
  const [, host, path] = /^([^/]*)(.*)$/s.exec(word)!;
  return host === '' || path === '' ? { path: word } : { host: host!, path: path! };
}
