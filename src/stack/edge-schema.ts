import * as v from 'valibot';

/** Answers about the edge that are more than one value; the table in schema.ts puts them together. */

const host = String.raw`(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?`;
const sourcePattern = (extra: string): RegExp =>
  new RegExp(
    `^(?:'(?:self|none${extra})'|'sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}'|(?:data|blob):|(?:https?|wss?)://${host}(?:/[A-Za-z0-9._~/-]*)?)$`,
  );

function sources(what: string, extra = '') {
  return v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.regex(
            sourcePattern(extra),
            `must be 'self', 'none', data:, blob:, a hash such as 'sha256-…' or an origin such as https://cdn.example.com`,
          ),
        ),
      ),
      v.description(what),
    ),
  );
}

export const contentSecurityPolicySchema = v.strictObject({
  script: sources('Where scripts may come from, besides the site itself.'),
  style: sources("The same for styles; only here `'unsafe-inline'` is accepted.", '|unsafe-inline'),
  image: sources('The same for images.'),
  font: sources('The same for fonts.'),
  connect: sources('The same for requests and WebSockets that scripts open.'),
  media: sources('The same for audio and video.'),
  worker: sources('The same for workers.'),
  frame: sources('The same for pages shown inside a frame.'),
  form: sources('Where forms may be sent, besides the site itself.'),
  embeddedBy: sources('Pages that may show this site in a frame; absent: none.'),
  reportOnly: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Browsers report violations to their console and block nothing: the way to try a policy.',
      ),
    ),
    false,
  ),
});

export type ContentSecurityPolicySpec = v.InferOutput<typeof contentSecurityPolicySchema>;

export const edgeLogSchema = v.strictObject({
  ipv6: v.optional(
    v.pipe(
      v.picklist(['48', 'last-segment']),
      v.description(
        'How much of an IPv6 address the access log keeps: `48`, the provider’s block (recommended); `last-segment`, all but the last 16 bits, which still tells one household from another. IPv4 always loses its last octet.',
      ),
    ),
    '48',
  ),
});

/** `folder` is the relative-path schema of schema.ts. */
export function upstreamTlsSchema<Path extends v.GenericSchema<string, string>>(folder: Path) {
  return v.strictObject({
    folder: v.pipe(
      folder,
      v.description(
        'Folder with ca.pem, which signed the app’s certificate; relative to stack.yaml, readable by uid 101.',
      ),
    ),
    name: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a host name'),
        v.description('Name in the app’s certificate; the app’s own name when absent.'),
      ),
    ),
    clientCertificate: v.optional(
      v.pipe(
        v.boolean(),
        v.description('The edge shows the app client.pem with client-key.pem of the same folder.'),
      ),
      false,
    ),
  });
}

export function staticSchema<Path extends v.GenericSchema<string, string>>(folder: Path) {
  return v.strictObject({
    folder: v.pipe(
      folder,
      v.description('Folder with the built site, relative to stack.yaml; its files readable by uid 101.'),
    ),
    singlePage: v.optional(
      v.pipe(v.boolean(), v.description('Every path without a file shows index.html, whose script routes.')),
      false,
    ),
  });
}
