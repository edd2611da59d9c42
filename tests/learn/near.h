/* near.h - doubles compared as doubles: cmocka's assert_float_equal rounds them to single precision. */
#ifndef DARKFOREST_TESTS_LEARN_NEAR_H
#define DARKFOREST_TESTS_LEARN_NEAR_H

#include <math.h>

#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

#endif
