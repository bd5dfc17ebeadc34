/*
 * gRPC status for errors that the edge answers itself. An HTML or JSON error page reaches a gRPC client as UNKNOWN.
 *
 * Changelog
 * 2026-11-23  Follows the gRPC project's "HTTP to gRPC Status Code Mapping", except that limits are RESOURCE_EXHAUSTED,
 *             so that a client can tell "slow down" from "down".
 */

export interface GrpcError {
  /** Name of the named location, without `@`. */
  location: string;
  code: number;
  message: string;
  http: readonly number[];
}

export const grpcErrors: readonly GrpcError[] = [
  { location: 'grpc_internal', code: 13, message: 'bad request', http: [400, 500] },
  { location: 'grpc_unauthenticated', code: 16, message: 'unauthenticated', http: [401] },
  { location: 'grpc_permission_denied', code: 7, message: 'permission denied', http: [403] },
  { location: 'grpc_unimplemented', code: 12, message: 'not found', http: [404, 405] },
  { location: 'grpc_resource_exhausted', code: 8, message: 'limit reached', http: [413, 429] },
  { location: 'grpc_unavailable', code: 14, message: 'unavailable', http: [502, 503] },
  { location: 'grpc_deadline_exceeded', code: 4, message: 'deadline exceeded', http: [408, 504] },
];
