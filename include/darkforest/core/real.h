/*
 * real.h - the exponential function and the logarithm by additions, multiplications and divisions alone,
 * which every machine rounds alike. Those of libm differ in the last bit between processors with and without
 * fused multiplication, and between libraries, and so would what is fitted with them. Pure, Local.
 */
#ifndef DARKFOREST_CORE_REAL_H
#define DARKFOREST_CORE_REAL_H

/* Within one unit in the last place, and outside of their range as libm has it. */
double real_exp(double x);
double real_log(double x);

#endif
