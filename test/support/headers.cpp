// headers.cpp - a program for the sake of the headers that are compiled with it (test/CMakeLists.txt).

int main() {}
