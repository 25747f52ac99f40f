import { assertNever } from '../../../shared/src/result.ts';
import { LookupCommand, RouteCommand, type Services, routeProblem } from './overlay-commands.ts';
import { FetchCommand, PublishCommand, PutCommand, UnpublishCommand } from './record-commands.ts';
import type { OverlayCommand } from './types.ts';

/** A command that ends in a result. */
export type OperationCommand = Exclude<Extract<OverlayCommand, { readonly op: number }>, { readonly kind: 'cancel' }>;

/** Starts the operation that a command asks for; its result is emitted under the command's number. */
export function openOperation(services: Services, command: OperationCommand): void {
  switch (command.kind) {
    case 'lookup':
      new LookupCommand(services, command);
      return;
    case 'put':
      new PutCommand(services, command);
      return;
    case 'get':
    case 'findProviders':
      new FetchCommand(services, command);
      return;
    case 'publish':
      new PublishCommand(services, command);
      return;
    case 'unpublish':
      new UnpublishCommand(services, command);
      return;
    case 'route':
      return openRoute(services, command);
    default:
      assertNever(command);
  }
}

function openRoute(services: Services, command: Extract<OverlayCommand, { kind: 'route' }>): void {
  const { op, target, protocol, payload, inAnswerTo } = command;
  const { operations, routing, heldAnswers } = services;
  const problem = routeProblem(payload);
  const hops = inAnswerTo === undefined || problem ? undefined : heldAnswers.writeBack(inAnswerTo, target, payload);
  if (problem) operations.finishNow(op, problem);
  else if (hops !== undefined) operations.finishNow(op, { kind: 'route', hops, elapsedMs: 0 });
  else if (target !== routing.core.self.id) new RouteCommand(services, command);
  else {
    routing.core.emit({ kind: 'message', from: routing.core.self, protocol, payload });
    operations.finishNow(op, { kind: 'route', hops: 0, elapsedMs: 0 });
  }
}
