/** What --help prints. */
export const helpText = `Pentimento: image-to-image and inpainting on your own computer

  pentimento serve                                   the service and its workbench in the browser
  pentimento inpaint PICTURE --mask MASK --prompt "..." --out FILE
  pentimento remove PICTURE --mask MASK --out FILE   fills the selection without any model
  pentimento img2img PICTURE --prompt "..." --strength 0.6 --out FILE
  pentimento variants PICTURE [--mask MASK] --prompt "..." -n 3 --out FILE
  pentimento recipe PICTURE [--as-webui]             what some program wrote into it
  pentimento convert MODEL                           a .ckpt, .pt, .pth or .bin as .safetensors
  pentimento samplers                                names for --sampler and --schedule, what each is good for
  pentimento models [--check]                        what was found; --check: duplicates, broken files
  pentimento pull ADDRESS|NAME [--to FOLDER] [--sha256 HEX]   downloads a model; goes on where it stopped
  pentimento doctor | pair

PICTURE and MASK: PNG, JPEG, WebP, TIFF or PSD. FILE: .png .tif .psd .jpg .webp; a PSD keeps the
original (a document: all its layers; a .psb goes into a .psb) and every result as a layer with its mask.

  -p, --prompt TEXT       what should be there
      --avoid TEXT        what should not (negative prompt)
      --style NAME  --styles FILE   pieces of prompts (AUTOMATIC1111's styles.csv; found beside models, too)
  -m, --mask FILE         white: may change; grey: partly
      --feather PX        soft edge in picture pixels (8)
      --grow PX           selection grown before that (0)
      --strength 0..1     how far from the picture (inpaint 1, img2img 0.75)
      --steps N (24)  --cfg N (7)  --seed N (-1: random)  -n, --count N (1; variants 3)
      --sampler NAME (DPM++ 2M)  --schedule NAME (automatic)  --clip-skip N (1)
                          few-step models (Turbo, LCM, Lightning, Hyper) bring their own of these
      --variation-strength 0..1 (0)  --variation-seed N (-1: random)   a little towards another seed
      --eta 0..1  --s-noise N (1)  --s-churn N (0)  --s-tmin N  --s-tmax N  --seed-delta N (0)
      --guidance-rescale 0..1 (0)  --emphasis original|no-norm|ignore|none  --noise cpu|nv
      --content original|fill|latent-noise|latent-nothing   what the hole starts from
      --area context|masked|whole   how much the model sees;  --padding PX (32)
      --width N --height N   the size the model runs at (chosen for the area)
      --soft-inpainting   what is partly white keeps part of what it shows (AUTOMATIC1111's extension), with
                          --soft-bias N (1)  --soft-preservation N (0.5)  --soft-contrast N (4)
                          --soft-influence 0..1 (0)  --soft-threshold N (0.5)  --soft-sharpness N (2)
      --fast-decode       the result from the tiny autoencoder (TAESD), where there is one
      --color-match 0..1  colours against the surroundings (1 with a mask, else 0)
      --control MODEL[:WEIGHT[:START[:END]]]   a ControlNet (up to 3), with --control-image FILE, or
                          --control-from picture|mask; --control-as canny|lineart_standard|inpaint|...[:A[:B]]
      --control-mode balanced|prompt|control  --control-fit stretch|crop|fill
      --dialect pentimento|a1111|diffusers   whose rules, where programs differ
      --recipe PICTURE    its settings as defaults (ours, AUTOMATIC1111, ComfyUI, NovelAI, InvokeAI, Fooocus)
      variants: --vary "AXIS: VALUES" (up to 3; "Steps: 10-30 (+10)", "CFG Scale: 5, 7"), --matrix (prompt
      a|b|c), --prompts FILE (one run a line), --loopback N --final-strength X --curve Linear|Aggressive|Lazy
      --model ID  --vae ID
      --models FOLDER     where models are (repeatable)
      --device auto|cpu|webgpu|cuda|dml|coreml
      --data FOLDER  --port N  --no-open  --low-memory (networks one after another)
  -o, --out FILE (may be a pattern: "[seed]-[prompt_words].png")  --json  --version  -h, --help
`;
