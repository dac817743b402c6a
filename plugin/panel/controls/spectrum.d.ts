/** The Spectrum tags: native in UXP, web components in the browser. Events are attached by hand. */
import type { DetailedHTMLProps, HTMLAttributes } from 'react';

type Spectrum<Props = unknown> = DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> &
  Props & { class?: string | undefined; disabled?: true | undefined; size?: string };

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'sp-theme': Spectrum<{ system?: string; color?: string; scale?: string }>;
      'sp-button': Spectrum<{ variant?: string; treatment?: string; quiet?: true | undefined }>;
      'sp-textfield': Spectrum<{
        type?: string;
        label?: string;
        placeholder?: string;
        multiline?: true | undefined;
        rows?: number;
        quiet?: true | undefined;
      }>;
      'sp-textarea': Spectrum<{ placeholder?: string }>;
      'sp-slider': Spectrum<{
        label?: string;
        'label-visibility'?: string;
        'show-value'?: string;
        min?: number;
        max?: number;
        step?: number;
        value?: number;
        variant?: string;
      }>;
      'sp-picker': Spectrum<{ label?: string; value?: string; quiet?: true | undefined }>;
      'sp-dropdown': Spectrum<{ placeholder?: string }>;
      'sp-menu': Spectrum<{ slot?: string }>;
      'sp-menu-item': Spectrum<{ value?: string; selected?: true | undefined }>;
      'sp-checkbox': Spectrum<{ checked?: true | undefined }>;
      'sp-progressbar': Spectrum<{ max?: number; value?: number }>;
      'sp-progress-bar': Spectrum<{
        label?: string;
        progress?: number;
        indeterminate?: true | undefined;
        'side-label'?: true | undefined;
      }>;
    }
  }
}
