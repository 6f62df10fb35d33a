import { processSettings, runProcess } from '@roomstream/runtime/process';
import { startReviewWorker } from './review-worker.ts';
import { reviewWorkerSettings } from './settings.ts';

await runProcess('review-worker', { ...processSettings, ...reviewWorkerSettings }, startReviewWorker);
