/** Seconds after which the edge asks Docker's DNS for an app's addresses again; nginx adds one of its own. */
export const UPSTREAM_LOOKUP_SECONDS = 5;
