import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recipeFromXmp, recipeToXmp } from '../../../plugin/host/photoshop/recipeXmp.ts';
import { recipeNamespace, recipesOfXmp } from '../../../shared/recipeXmp.ts';
import { recipe } from './scene.ts';

describe('recipe as XMP', () => {
  it('comes back whatever the names in it are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (name) => {
        const given = recipe();
        const named = {
          ...given,
          request: { ...given.request, document: { ...given.request.document, name } },
        };
        expect(recipeFromXmp(recipeToXmp(named))).toEqual(JSON.parse(JSON.stringify(named)));
      }),
    );
  });

  it('is found after another program wrote it as an attribute with another prefix', () => {
    const text = /recipes>([^<]*)</.exec(recipeToXmp(recipe()))?.[1] ?? '';
    const attribute = `<rdf:Description xmlns:ns7="${recipeNamespace}" ns7:recipes="${text}" a:b="c"/>`;
    expect(recipeFromXmp(attribute)).toEqual(recipe());
    expect(recipeFromXmp(attribute.replace(recipeNamespace, 'another'))).toBeUndefined();
    expect(recipeFromXmp(attribute.replaceAll('&quot;', '&#34;'))).toEqual(recipe());
    expect(recipeFromXmp(attribute.replaceAll('&quot;', '&#x22;'))).toEqual(recipe());
  });

  it('is read by the service like those in its own files', () => {
    expect(recipesOfXmp(recipeToXmp(recipe()))).toEqual([recipe()]);
  });

  it('is nothing where there is none, or not one of ours', () => {
    expect(recipeFromXmp('')).toBeUndefined();
    expect(recipeFromXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')).toBeUndefined();
    for (const text of ['[{"version":2}]', '{broken', '&#x99999999;', '&#x7fffff;']) {
      const packet = `<a xmlns:p="${recipeNamespace}"><p:recipes>${text}</p:recipes></a>`;
      expect(recipeFromXmp(packet)).toBeUndefined();
    }
  });
});
