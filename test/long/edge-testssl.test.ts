import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../e2e/edge/client.ts';
import { EdgeLab } from '../e2e/edge/lab.ts';
import { labStack } from '../e2e/edge/stacks.ts';
import { buildImage } from '../e2e/images.ts';

const judges = 'css-test/edge-judges:1';

interface Finding {
  id: string;
  severity: string;
  finding: string;
}

/** Findings that say nothing about the edge: the lab's own authority publishes no revocation or transparency data. */
const ofTheLab = /^(?:cert_|DNS_CAArecord|OCSP|certificate_transparency|engine_problem|scanTime)/;

/*
 * The smallest set of its sections that still gives a grade: protocols, suites, forward secrecy, server defaults, headers,
 * vulnerabilities. Everything else it has takes half an hour on a busy machine.
 */
describe('testssl.sh', () => {
  let lab: EdgeLab;

  beforeAll(async () => {
    lab = await EdgeLab.open();
    await buildImage(judges, fileURLToPath(new URL('./images/judges/', import.meta.url)));
    await lab.startUpstream('web');
  });
  afterAll(() => lab?.close());

  test.each(['intermediate', 'modern'] as const)('#7 #11 #49 grades the policy %s A+', async (policy) => {
    const edge = await lab.startEdge(labStack({ tls: { mode: 'files', policy } }));
    await call(edge, '/');
    const output = await lab.judge(judges, [
      'sh',
      '-c',
      `testssl --quiet --color 0 --warnings off -p -s -f -S -h -U --ip ${edge.address} --add-ca /certs/fullchain.pem --jsonfile /tmp/r.json https://a.example.test:8443/ >&2; cat /tmp/r.json`,
    ]);
    const findings = JSON.parse(output) as Finding[];
    const value = (id: string) => findings.find((finding) => finding.id === id)?.finding;
    const bad = findings.filter(
      ({ id, severity }) => /LOW|MEDIUM|HIGH|CRITICAL|WARN/.test(severity) && !ofTheLab.test(id),
    );
    console.info(policy, value('overall_grade'), value('final_score'), bad);
    expect(value('overall_grade')).toBe('A+');
    expect(bad).toEqual([]);
    expect(value('BREACH')).toMatch(/not vulnerable|no gzip/i);
  });
});
