/* frame_conv: y[t] = b + sum over taps and channels of W[tap] x[stride t + tap - kernel / 2], zeros
 * beyond both ends of a piece (Radford et al. 2022, 2.2). The taps of a channel stand together. */
#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

typedef struct rl_frames {
  const rl_view *in, *out;
  uint64_t first_in, frames_in, frames_out; /* of a piece: its first frame, and how many */
  uint64_t first_out;
} rl_frames;

/* The `kernel` frames that result t sees, in the order of the weight: [channel][tap]. */
static void gather(const rl_call *call, const rl_frames *f, uint64_t t, float *window) {
  uint64_t kernel = call->op->at.kernel, channels = f->in->store.cols;
  float *frame = window + kernel * channels;
  for (uint64_t tap = 0; tap < kernel; tap++) {
    uint64_t at = t * call->op->at.stride + tap; /* kernel / 2 too far */
    bool inside = at >= kernel / 2 && at - kernel / 2 < f->frames_in;
    if (inside) {
      rl_view_read(f->in, (f->first_in + at - kernel / 2) * channels, channels, frame);
    }
    for (uint64_t c = 0; c < channels; c++) window[c * kernel + tap] = inside ? frame[c] : 0;
  }
}

static void convolve(const rl_call *call, const rl_frames *f) {
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  uint64_t cols = weight->store.cols, rows = weight->store.rows;
  float *window = call->work->values, *row = window + cols + f->in->store.cols, shift = 0;
  for (uint64_t t = 0; t < f->frames_out; t++) {
    gather(call, f, t, window);
    for (uint64_t r = 0; r < rows; r++) {
      rl_view_read(weight, r * cols, cols, row);
      if (bias != NULL) rl_view_read(bias, r, 1, &shift);
      float y = rl_ref_dot(row, window, cols) + shift;
      rl_view_write(f->out, (f->first_out + t) * rows + r, 1, &y);
    }
  }
}

void rl_ref_frame_conv(const rl_call *call) {
  rl_frames f = {.in = rl_call_read(call, 0), .out = rl_call_write(call, 0)};
  uint64_t rows_in = f.in->block / f.in->store.cols, rows_out = f.out->block / f.out->store.cols;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t positions = sequence->source.positions;
    for (uint64_t piece = 0; piece < sequence->fresh; piece++) {
      uint64_t first = sequence->first.inputs + piece * positions;
      f.first_in = first * rows_in;
      f.first_out = first * rows_out;
      f.frames_in = positions * rows_in;
      f.frames_out = positions * rows_out;
      convolve(call, &f);
    }
  }
}

/* A window, a frame, a row of the weight. */
bool rl_ref_frame_conv_workspace(const rl_program *program, const rl_op *op,
                                 const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t cols = rl_op_tensor(program, op, RL_READ, 1)->cols;
  (void)limits;
  return rl_add_u64(rl_op_tensor(program, op, RL_READ, 0)->cols, cols, &size->values) &&
         rl_add_u64(size->values, cols, &size->values);
}
