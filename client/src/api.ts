/** The public door: everything that the page and embedders may rely on, by concept. */
export * from './api/calls.ts';
export * from './api/errors.ts';
export * from './api/network.ts';
export * from './api/node.ts';
export * from './api/records.ts';
export * from './api/transfers.ts';
