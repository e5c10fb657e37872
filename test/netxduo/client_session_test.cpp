#include "client_support.hpp"
