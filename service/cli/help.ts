/** What --help prints. */
export const helpText = `Pentimento: image-to-image and inpainting on your own computer

  pentimento serve                                   the service and its workbench in the browser
  pentimento inpaint PICTURE --mask MASK --prompt "..." --out FILE
  pentimento remove PICTURE --mask MASK --out FILE   fills the selection without any model
  pentimento masks PICTURE --mask MASK --out FILE.png   both masks of an inpaint run, without running it
  pentimento expand PICTURE --left PX --right PX --top PX --bottom PX --out FILE   (or --aspect 16:9)
  pentimento img2img PICTURE --prompt "..." --strength 0.6 --out FILE
  pentimento txt2img --prompt "..." [--width N --height N] --out FILE
  pentimento upscale PICTURE [--model UPSCALER] [--scale 2] --out FILE   larger, by a network or Lanczos
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
  -m, --mask FILE         white: may change; grey: partly; several are taken together
      --mask-from-color '#rrggbb' or X,Y  --tolerance 0..255 (32)  --contiguous (around the point X,Y only)
      --mask-from-alpha   what is opaque;  --invert-mask   everything else
      --save-masks FILE   FILE-seen.png and FILE-change.png before the run; "masks" writes only them
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
      --resize-mode stretch|crop|fill|latent   with --dialect a1111, img2img to another shape (stretch)
      --color-correction  with --dialect a1111: its own way to the picture's colours (histograms)
      --color-match 0..1  colours against the surroundings (1 with a mask, else 0)
      --grain-match 0..1  the surroundings' grain added where what was painted lacks it (0)
      --control MODEL[:WEIGHT[:START[:END]]]   a ControlNet (up to 3), with --control-image FILE, or
                          --control-from picture|mask; --control-as canny|lineart_standard|inpaint|...[:A[:B]]
      --control-mode balanced|prompt|control  --control-fit stretch|crop|fill
      expand: --aspect W:H [--anchor center|left|right|top|bottom], --reach X,Y,W,H (past the edges),
      --overlap PX (32; faded over), --no-model (patches of the picture itself), --fill structure|fill|
      latent-noise|latent-nothing; with --dialect a1111 fill|original|latent-noise|latent-nothing|mk2,
      --mask-blur PX  --falloff 0..4 (1)  --color-variation 0..1 (0.05)
      --refiner MODEL[:SHARE]   another model from that share on (0.8);  --refiner-by noise|steps
      --hires SCALE|WxH   txt2img: a second, larger pass, with --hires-upscaler latent|lanczos|... (latent)
                          --hires-steps N (0: as the first)  --hires-strength 0..1 (0.7)  --hires-cfg N
                          --hires-sampler NAME  --hires-schedule NAME  --hires-prompt TEXT  --hires-avoid TEXT
      upscale: --scale 1..8 (2) or --width N --height N, --tile PX (256; 0: whole)  --overlap PX (16),
                          --second UPSCALER:VISIBILITY   another one laid over it
      --dialect pentimento|a1111|diffusers   whose rules, where programs differ
      --recipe PICTURE    its settings as defaults (ours, AUTOMATIC1111, ComfyUI, NovelAI, InvokeAI, Fooocus)
      variants: --vary "AXIS: VALUES" (up to 3; "Steps: 10-30 (+10)", "CFG Scale: 5, 7"), --matrix (prompt
      a|b|c), --prompts FILE (one run a line), --loopback N --final-strength X --curve Linear|Aggressive|Lazy
      --model ID  --vae ID  --parts-from ID   whose text encoder and VAE go with a UNet alone (the first's)
      --models FOLDER     where models are (repeatable)
      --device auto|cpu|webgpu|cuda|dml|coreml
      --data FOLDER  --port N  --no-open  --low-memory (networks one after another)
      --memory-budget 60%|12GB   what loaded networks may take together (60% of the memory)
      --layer NAME        a document's layer is read instead of what is seen; results lie above it
      --above NAME        results lie above that layer (@active: the one that was chosen)
  -o, --out FILE (may be a pattern: "[seed]-[prompt_words].png")  --json  --version  -h, --help
`;
