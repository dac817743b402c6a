/** What --help prints. */
export const helpText = `Pentimento: image-to-image and inpainting on your own computer

  pentimento serve                                   the service and its workbench in the browser
  pentimento inpaint PICTURE --mask MASK --prompt "..." --out FILE
  pentimento remove PICTURE --mask MASK --out FILE   fills the selection without any model
  pentimento img2img PICTURE --prompt "..." --strength 0.6 --out FILE
  pentimento variants PICTURE [--mask MASK] --prompt "..." -n 3 --out FILE
  pentimento models | doctor | pair

PICTURE and MASK: PNG, JPEG, WebP, TIFF or PSD. FILE ends in .png, .tif or .psd; a PSD keeps the
original and every result as a layer with its mask.

  -p, --prompt TEXT       what should be there
      --avoid TEXT        what should not (negative prompt)
  -m, --mask FILE         white: may change; grey: partly
      --feather PX        soft edge in picture pixels (8)
      --grow PX           selection grown before that (0)
      --strength 0..1     how far from the picture (inpaint 1, img2img 0.75)
      --steps N (24)  --cfg N (7)  --seed N (-1: random)  -n, --count N (1; variants 3)
      --sampler NAME (DPM++ 2M)  --schedule NAME (automatic)  --clip-skip N (1)
      --content original|fill|latent-noise|latent-nothing   what the hole starts from
      --area context|masked|whole   how much the model sees;  --padding PX (32)
      --width N --height N   the size the model runs at (chosen for the area)
      --color-match 0..1  colours against the surroundings (1 with a mask, else 0)
      --dialect pentimento|a1111|diffusers   whose rules, where programs differ
      --model ID  --vae ID
      --models FOLDER     where models are (repeatable)
      --device auto|cpu|webgpu|cuda|dml|coreml
      --data FOLDER  --port N  --no-open
  -o, --out FILE  --json  --version  -h, --help
`;
