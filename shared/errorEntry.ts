/** One failure the product can name. */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly next: string;
  /** The same request may succeed later without a change. */
  readonly retryable?: boolean;
}
