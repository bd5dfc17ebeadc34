import * as v from 'valibot';
import type { CatalogService } from '../../src/catalog/service.ts';

/** A service's options with the defaults filled in, as stack.yaml's schema would. */
export function parseOptions(service: CatalogService, options: object): unknown {
  return v.parse(service.options, options);
}
