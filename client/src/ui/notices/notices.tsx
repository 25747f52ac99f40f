import { useEffect, useRef } from 'preact/hooks';
import { node, isLate, isOffline, joinError, phase, status, wasConnected } from '../state/session.ts';
import { announcement, closedConditions, dropNotice, notices, type Notice } from '../state/notices.ts';
import { conditionsOf, type Condition } from '../view/conditions.ts';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon } from '../widgets/icon.tsx';

/** Everything the person should know: lasting troubles first, then what just happened. */
export function Notices({ wantsMemory }: { readonly wantsMemory: boolean }) {
  const conditions = conditionsOf({
    phase: phase.value,
    joinError: joinError.value,
    status: status.value,
    wasConnected: wasConnected.value,
    isOffline: isOffline.value,
    isLate: isLate.value,
    hasWebRtc: typeof RTCPeerConnection !== 'undefined',
    isSecure: status.value?.secure ?? isSecureContext,
    mayHaveHttps: location.port === '',
    wantsMemory,
  });
  reopenPast(conditions);
  const open = conditions.filter(({ key }) => !closedConditions.value.has(key));
  return (
    <>
      <div class="notices" aria-live="polite">
        {open.map((condition) => (
          <NoticeCard
            key={condition.key}
            notice={withHandler(condition)}
            onClose={() => closeCondition(condition.key)}
          />
        ))}
        {notices.value.map((notice) => (
          <NoticeCard key={notice.key} notice={notice} isAnswer onClose={() => dropNotice(notice.key)} />
        ))}
      </div>
      <div class="sr-only" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

interface NoticeCardProps {
  readonly notice: Notice;
  /** It says why what a person just did failed, and is shown wherever on the page that was. */
  readonly isAnswer?: boolean;
  readonly onClose: () => void;
}

function NoticeCard({ notice, isAnswer = false, onClose }: NoticeCardProps) {
  const card = useRef<HTMLElement>(null);
  useFocusHeir(card);
  const { kind, title, text, action } = notice;
  useEffect(() => {
    if (isAnswer && kind === 'error') card.current?.scrollIntoView({ block: 'center' });
  }, [notice]);
  return (
    <section ref={card} class={`notice ${kind}`} data-testid="notice" data-kind={kind} aria-label={title}>
      <Icon name={kind === 'info' ? 'info' : 'alert'} />
      <div class="notice-text">
        <strong>{title}</strong>
        <p>{text}</p>
      </div>
      {action && <Button label={action.label} testId="notice-action" onClick={action.run} />}
      <Button label="Close this notice" icon="close" iconOnly look="quiet" testId="notice-close" onClick={onClose} />
    </section>
  );
}

function withHandler({ key, kind, title, text, action }: Condition): Notice {
  if (!action) return { key, kind, title, text };
  const run = action.does === 'https' ? openSecure : (): void => location.reload();
  return { key, kind, title, text, action: { label: action.label, run } };
}

function openSecure(): void {
  const url = new URL(location.href);
  url.protocol = 'https:';
  location.assign(url);
}

function closeCondition(key: string): void {
  closedConditions.value = new Set([...closedConditions.value, key]);
}

/** Forgets that a condition was closed once it is over, so that the next time is shown again. */
function reopenPast(conditions: readonly Condition[]): void {
  const present = new Set(conditions.map(({ key }) => key));
  const kept = [...closedConditions.peek()].filter((key) => present.has(key));
  if (kept.length !== closedConditions.peek().size && node.peek()) {
    queueMicrotask(() => (closedConditions.value = new Set(kept)));
  }
}
