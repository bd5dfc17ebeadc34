import { parseEnv } from 'node:util';
import dotenv from 'dotenv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { encodeEnvValue, unusableCharacter } from '../../src/secrets/env-encode.ts';
import { encodeForFiles } from '../../src/secrets/env-encoded.ts';
import { formatEnvFile } from '../../src/secrets/env-format.ts';
import { parseEnvFile } from '../../src/secrets/env-parse.ts';
import { encodeUserinfo } from '../../src/secrets/userinfo.ts';
import { awkwardValues, hostileValue, impossibleValues } from '../corpus/secret-values.ts';

function text(value: string, options = {}): string | undefined {
  const encoded = encodeEnvValue(value, options);
  return encoded.ok ? encoded.text : undefined;
}

function problemsOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  return [];
}

describe('encodeEnvValue', () => {
  it.each([
    ['', ''],
    ['plain-value_1', 'plain-value_1'],
    ['base64+/==', 'base64+/=='],
    ['=a', "'=a'"],
    ['a:=ls', "'a:=ls'"],
    ['two words', "'two words'"],
    ['a#b', "'a#b'"],
    ['pa$word', "'pa$word'"],
    ['say "hi"', `'say "hi"'`],
    ["it's", `"it's"`],
    ['ü', "'ü'"],
  ])('spells %j as %s', (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  it.each(["it's $5", `it's "both"`, "it's `id`", 'a\\b', 'abc\\', '${HOME}', '${'])(
    'refuses %j',
    (value) => {
      expect(text(value)).toBeUndefined();
    },
  );

  it.each(impossibleValues.map((value) => [value.slice(0, 20)]))(
    'refuses %j as no text for a line',
    (value) => {
      const whole = impossibleValues.find((candidate) => candidate.startsWith(value))!;
      expect(text(whole)).toBeUndefined();
    },
  );

  it('keeps a $ away from a consumer that expands it in single quotes too', () => {
    expect(text('pa$word', { expandsDollar: true })).toBeUndefined();
    expect(text('two words', { expandsDollar: true })).toBe("'two words'");
  });

  it('says that docker run --env-file reads only values without quotes', () => {
    expect(encodeEnvValue('plain')).toMatchObject({ dockerEnvFile: true });
    expect(encodeEnvValue('two words')).toMatchObject({ dockerEnvFile: false });
    expect(encodeEnvValue("it's")).toMatchObject({ dockerEnvFile: false });
  });

  it('takes 60 000 bytes and not one more', () => {
    expect(text('ü'.repeat(30_000))).toBeDefined();
    expect(text(`${'ü'.repeat(30_000)}x`)).toBeUndefined();
  });

  it('never repeats the value in a refusal, and says what to do', () => {
    for (const value of [...awkwardValues, ...impossibleValues].map((each) => `CANARY${each}CANARY`)) {
      const encoded = encodeEnvValue(value);
      if (encoded.ok) continue;
      expect(encoded.reason).not.toContain('CANARY');
      expect(encoded.reason).toContain('file');
    }
  });

  it('is read back by three parsers, whatever the value', () => {
    fc.assert(
      fc.property(hostileValue, (value) => {
        const encoded = encodeEnvValue(value);
        if (!encoded.ok) return;
        const file = `A=1\nKEY=${encoded.text}\nZ=2\n`;
        expect(parseEnvFile(file, '.env').values.get('KEY')).toBe(value);
        expect(parseEnv(file)).toEqual({ A: '1', KEY: value, Z: '2' });
        expect(dotenv.parse(file)).toEqual({ A: '1', KEY: value, Z: '2' });
      }),
      { numRuns: 2000 },
    );
  });
});

const asFile = 'deliver it by file, and enter it with --secret-file';

describe('parseEnvFile', () => {
  it('reads plain, quoted and blank values, and keeps their order', () => {
    const env = parseEnvFile(`# c\n\nB=b\nA='a $b'\n  # c\nC="it's"\nD=\nE=''`, '.env');
    expect(env.values.names()).toEqual(['B', 'A', 'C', 'D', 'E']);
    expect(env.values.names().map((name) => env.values.get(name))).toEqual(['b', 'a $b', "it's", '', '']);
    expect(env.lines.get('C')).toBe(6);
  });

  it("keeps the user's own comments with the variable they stand before", () => {
    const env = parseEnvFile('# ours\n## mine\n## too\nA=1\nB=2\n## end\n', '.env');
    expect(env.notes.names()).toEqual(['A', '']);
    expect(env.notes.get('A')).toBe('## mine\n## too');
    expect(env.notes.get('')).toBe('## end');
  });

  it.each([
    ['A=pa$word', "A has $ outside quotes, which readers disagree about (write A='…')"],
    ['A=a#b', "A has # outside quotes, which readers disagree about (write A='…')"],
    ["A=it's", `A has ' outside quotes, which readers disagree about (write A="…")`],
    ['A=two words', "A has a space outside quotes, which readers disagree about (write A='…')"],
    ['A=ü', "A has a letter outside ASCII outside quotes, which readers disagree about (write A='…')"],
    ['A=a:=ls', "A has = outside quotes, which readers disagree about (write A='…')"],
    ['A=a # why', 'A has a comment behind its value (put the comment on a line of its own)'],
    ["A='a' # why", 'A goes on behind its closing quote (put comments on a line of their own)'],
    ['A=a ', "A ends in a space, which most readers drop (delete it, or write A='… ')"],
    ['export A=a', 'A stands behind "export", which docker cannot read (write A=…)'],
    ['A = a', 'A has spaces before it or around the = (write A=… at the start of the line)'],
    [' A=a', 'A has spaces before it or around the = (write A=… at the start of the line)'],
    ["A='a", 'A has no closing quote (a value over several lines has to be a file)'],
    ["A='it'\\''s'", 'A goes on behind its closing quote (put comments on a line of their own)'],
    ['A="pa$word"', "A has $ or a backtick inside double quotes, which readers expand (write A='…')"],
    ['A=a\\b', `A holds a backslash, which the programs that read .env disagree about: ${asFile}`],
    ["A='${B}'", `A holds \${, which the programs that read .env disagree about: ${asFile}`],
    ['A=:base64:', 'A is not the base64 that its mark says (enter the value anew with --secret-file)'],
    ['A=:base64:YQ', 'A is not the base64 that its mark says (enter the value anew with --secret-file)'],
    ['a=b', 'a is not a usable name (capital letters, digits and _, the first one a letter)'],
    ['no equals sign', 'is neither KEY=value nor a comment (a value over several lines has to be a file)'],
    [
      '# hides the next line \\',
      'comment ends in a backslash, which hides the next line from systemd (take it off)',
    ],
  ])('refuses %j', (line, expected) => {
    const [problem, ...others] = problemsOf(() => parseEnvFile(`X=1\n${line}\n`, '.env'));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ file: '.env', line: 2 });
    expect(problem!.hint ? `${problem!.message} (${problem!.hint})` : problem!.message).toBe(expected);
  });

  it('refuses a repeated variable, Windows line ends and a byte order mark', () => {
    const problems = problemsOf(() => parseEnvFile('\ufeffA=1\r\nA=2\r\n', '.env'));
    expect(problems.map(({ line, message }) => [line, message.split(',')[0]])).toEqual([
      [1, 'starts with a byte order mark'],
      [1, 'has Windows line ends'],
      [2, 'A is set a second time'],
    ]);
  });

  it('names every problem at once, exits 2, and shows no value', () => {
    const lines = ['A=CANARY$x', 'B=CANARY y', 'C="CANARY', 'D=a\\CANARY', 'CANARY', 'export E=CANARY'];
    try {
      parseEnvFile(lines.join('\n'), '.env');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ exit: 2 });
      expect((error as UserError).problems.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6]);
      expect((error as UserError).message).not.toContain('CANARY');
    }
  });

  it('accepts a line only when other parsers read the same from it', () => {
    fc.assert(
      fc.property(hostileValue, fc.constantFrom('', "'", '"'), (content, quote) => {
        const file = `A=1\nKEY=${quote}${content}${quote}\nZ=2\n`;
        let value: string;
        try {
          value = parseEnvFile(file, '.env').values.get('KEY');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          return;
        }
        expect(parseEnv(file)).toEqual({ A: '1', KEY: value, Z: '2' });
        expect(dotenv.parse(file)).toEqual({ A: '1', KEY: value, Z: '2' });
      }),
      { numRuns: 2000 },
    );
  });

  it('stays fast on a line made to slow it down', () => {
    const start = performance.now();
    for (const line of [`A=${' '.repeat(50_000)}x`, `A=${'#'.repeat(50_000)}`, `${' '.repeat(50_000)}x`]) {
      problemsOf(() => parseEnvFile(line, '.env'));
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('values that only this program reads', () => {
  const formatted = (value: string) =>
    formatEnvFile([{ entries: [{ key: 'KEY', value, byFileOnly: true }] }]);
  const pem = '-----BEGIN PRIVATE KEY-----\nMIGH\\\n-----END PRIVATE KEY-----';

  it.each(['a\\b', "it's $5", '${HOME}', ':base64:', ':base64:YQ==', pem, 'ü\\'])(
    'are encoded where no line can say them: %j',
    (value) => {
      expect(formatted(value)).toMatch(/^KEY=:base64:[A-Za-z0-9+/]+=*\n$/);
      expect(parseEnvFile(formatted(value), '.env').values.get('KEY')).toBe(value);
    },
  );

  it('stand as they are where a line can', () => {
    expect(formatted('two words')).toBe("KEY='two words'\n");
  });

  it('come back whatever they are, or are refused', () => {
    fc.assert(
      fc.property(hostileValue, (value) => {
        const encoded = encodeForFiles(value);
        if (!encoded.ok) expect(impossible(value)).toBe(true);
        else expect(parseEnvFile(`KEY=${encoded.text}\n`, '.env').values.get('KEY')).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused when they are no text, or longer than a file for people should be', () => {
    for (const value of impossibleValues.filter((one) => !/^a\r?\nb$/.test(one)))
      expect(encodeForFiles(value), JSON.stringify(value).slice(0, 20)).toMatchObject({ ok: false });
    expect(encodeForFiles('\\'.repeat(45_001))).toMatchObject({ ok: false });
  });

  /** Control characters and what is not UTF-8. */
  function impossible(value: string): boolean {
    return unusableCharacter(value.replace(/\r?\n/g, '')) !== undefined;
  }
});

describe('formatEnvFile', () => {
  it('writes titles, comments and notes above their variables', () => {
    const written = formatEnvFile([
      { comment: ['Header.'], entries: [] },
      { title: 'one', comment: ['About.'], entries: [{ key: 'A', value: 'a b', comment: 'What.' }] },
      { title: 'two', entries: [{ key: 'B', value: '', notes: '## mine\n## too' }] },
    ]);
    expect(written).toBe(
      "# Header.\n\n# --- one ---\n# About.\n# What.\nA='a b'\n\n# --- two ---\n## mine\n## too\nB=\n",
    );
  });

  it('lets nothing break out of a comment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), hostileValue, (comment, other) => {
        const hostile = `${comment}\nEVIL=1\r\u2028EVIL=2${other}\\`;
        const entries = [{ key: 'A', value: '1', comment: hostile, notes: `## ${hostile}` }];
        const written = formatEnvFile([{ title: hostile, comment: [hostile], entries }]);
        expect(written.split('\n').filter((line) => !line.startsWith('#'))).toEqual(['A=1', '']);
        expect(written).not.toMatch(/\\\n/);
        expect(parseEnvFile(written, '.env').values.names()).toEqual(['A']);
        expect(parseEnv(written)).toEqual({ A: '1' });
      }),
    );
  });

  it('does not take its own comment for one of the user', () => {
    const written = formatEnvFile([{ entries: [{ key: 'A', value: '1', comment: '## not a note' }] }]);
    expect(parseEnvFile(written, '.env').notes.names()).toEqual([]);
  });

  it('names every variable that cannot be written', () => {
    const entries = [
      { key: 'A', value: 'CANARY\\' },
      { key: 'B', value: 'fine' },
      { key: 'C', value: 'CANARY\n' },
    ];
    const problems = problemsOf(() => formatEnvFile([{ entries }]));
    expect(problems.map(({ message }) => message[0])).toEqual(['A', 'C']);
    expect(JSON.stringify(problems)).not.toContain('CANARY');
  });

  it.each(['a', '1A', 'A-B', 'A B', '', 'A=B', 'A\nB'])('takes %j for a bug as a name', (key) => {
    expect(() => formatEnvFile([{ entries: [{ key, value: '' }] }])).toThrow(/not the name of a variable/);
  });

  it('takes a repeated name for a bug', () => {
    const entry = { key: 'A', value: '1' };
    expect(() => formatEnvFile([{ entries: [entry] }, { entries: [entry] }])).toThrow('A is written twice');
  });
});

describe('encodeUserinfo', () => {
  it('brings any password through a URL, with unreserved characters only', () => {
    fc.assert(
      fc.property(fc.oneof(hostileValue, fc.string({ unit: 'grapheme' })), (password) => {
        fc.pre(!/\p{Surrogate}/u.test(password));
        const encoded = encodeUserinfo(password);
        expect(encoded).toMatch(/^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
        const url = new URL(`postgres://app:${encoded}@db:5432/app`);
        expect(url.host).toBe('db:5432');
        expect(decodeURIComponent(url.password)).toBe(password);
      }),
    );
  });

  it.each([
    ['p@q', 'p%40q'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a~b', 'a~b'],
    ['ü', '%C3%BC'],
  ])('encodes %j as %s', (value, expected) => {
    expect(encodeUserinfo(value)).toBe(expected);
  });
});
