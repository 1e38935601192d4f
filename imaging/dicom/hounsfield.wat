;; Words of 16 bits to HU in place, eight a turn, where the rescale adds a whole number. Shifting left by 15 - high bit and right
;; by 16 - bits stored cuts out the stored bits. Padding, as it is stored or as the whole word, and values below neverBelow
;; become outside; all others are clamped to lowest and highest. isPadded is -1 where there is a padding value, else 0.
(module
  (import "env" "memory" (memory 1))

  ;; Stored values without a sign.
  (func (export "unsigned")
    (param $at i32) (param $end i32) (param $left i32) (param $right i32) (param $intercept i32)
    (param $padding i32) (param $isPadded i32) (param $neverBelow i32) (param $outside i32) (param $lowest i32)
    (param $highest i32)
    (local $intercept8 v128) (local $padding8 v128) (local $isPadded8 v128) (local $neverBelow8 v128)
    (local $outside8 v128) (local $lowest8 v128) (local $highest8 v128) (local $raw v128) (local $stored v128)
    (local $hu v128)
    (local.set $intercept8 (i16x8.splat (local.get $intercept)))
    (local.set $padding8 (i16x8.splat (local.get $padding)))
    (local.set $isPadded8 (i16x8.splat (local.get $isPadded)))
    (local.set $neverBelow8 (i16x8.splat (local.get $neverBelow)))
    (local.set $outside8 (i16x8.splat (local.get $outside)))
    (local.set $lowest8 (i16x8.splat (local.get $lowest)))
    (local.set $highest8 (i16x8.splat (local.get $highest)))
    (loop $next
      (local.set $raw (v128.load (local.get $at)))
      (local.set $stored (i16x8.shr_u (i16x8.shl (local.get $raw) (local.get $left)) (local.get $right)))
      (local.set $hu (i16x8.add_sat_s (local.get $stored) (local.get $intercept8)))
      (v128.store
        (local.get $at)
        (v128.bitselect
          (local.get $outside8)
          (i16x8.min_s (i16x8.max_s (local.get $hu) (local.get $lowest8)) (local.get $highest8))
          (v128.or
            (v128.and
              (v128.or
                (i16x8.eq (local.get $raw) (local.get $padding8))
                (i16x8.eq (local.get $stored) (local.get $padding8)))
              (local.get $isPadded8))
            (i16x8.lt_s (local.get $hu) (local.get $neverBelow8)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; Stored values with a sign: the shift to the right extends it.
  (func (export "signed")
    (param $at i32) (param $end i32) (param $left i32) (param $right i32) (param $intercept i32)
    (param $padding i32) (param $isPadded i32) (param $neverBelow i32) (param $outside i32) (param $lowest i32)
    (param $highest i32)
    (local $intercept8 v128) (local $padding8 v128) (local $isPadded8 v128) (local $neverBelow8 v128)
    (local $outside8 v128) (local $lowest8 v128) (local $highest8 v128) (local $raw v128) (local $stored v128)
    (local $hu v128)
    (local.set $intercept8 (i16x8.splat (local.get $intercept)))
    (local.set $padding8 (i16x8.splat (local.get $padding)))
    (local.set $isPadded8 (i16x8.splat (local.get $isPadded)))
    (local.set $neverBelow8 (i16x8.splat (local.get $neverBelow)))
    (local.set $outside8 (i16x8.splat (local.get $outside)))
    (local.set $lowest8 (i16x8.splat (local.get $lowest)))
    (local.set $highest8 (i16x8.splat (local.get $highest)))
    (loop $next
      (local.set $raw (v128.load (local.get $at)))
      (local.set $stored (i16x8.shr_s (i16x8.shl (local.get $raw) (local.get $left)) (local.get $right)))
      (local.set $hu (i16x8.add_sat_s (local.get $stored) (local.get $intercept8)))
      (v128.store
        (local.get $at)
        (v128.bitselect
          (local.get $outside8)
          (i16x8.min_s (i16x8.max_s (local.get $hu) (local.get $lowest8)) (local.get $highest8))
          (v128.or
            (v128.and
              (v128.or
                (i16x8.eq (local.get $raw) (local.get $padding8))
                (i16x8.eq (local.get $stored) (local.get $padding8)))
              (local.get $isPadded8))
            (i16x8.lt_s (local.get $hu) (local.get $neverBelow8)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))
