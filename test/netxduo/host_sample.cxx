// The same application, as C++.
#include "host_sample.c"
